/* parent.c - is the set named by --parent one that this backup can add to? Asked before a source
 * is read; what a chain of sets must be is plan/chain.h's. */
#include "pack/parent.h"

#include "plan/chain.h"
#include "plan/set_documents.h"

vsr_code parent_find(const char *path, const struct documents *documents, struct notices *notices,
                     struct uuid *out, vsr_error *error)
{
    struct media_set set;
    struct documents of_parent;
    vsr_code rc = set_open_description(&set, path, error);
    if (rc != VSR_OK) {
        return rc;
    }
    rc = set_documents_load(&of_parent, &set, error);
    if (rc == VSR_OK) {
        const struct set_description self = {.parent = set.description.uuid};
        struct chain chain = {0};
        chain_add(&chain, view_of(path), &set.description, &of_parent);
        chain_add(&chain, VIEW("the set to be made"), &self, documents);
        rc = chain_check_parent(&chain.steps[0], &chain.steps[1], error);
        if (rc == VSR_OK && !chain_shares_writer(&chain.steps[0], &chain.steps[1])) {
            notice_add(notices, false,
                       "--parent %s: none of its writers is in this backup; is it what this one "
                       "adds to?",
                       path);
        }
        chain_judge(&chain, false);
        for (uint32_t i = 0; i < chain.warning_count && rc == VSR_OK; i++) {
            notice_add(notices, false, "%.*s", VIEW_ARG(chain.warnings[i]));
        }
        *out = set.description.uuid;
        chain_free(&chain);
        documents_free(&of_parent);
    }
    set_close(&set);
    return rc;
}
