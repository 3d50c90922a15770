/* parent.c - is the set named by --parent one that this backup can add to? Asked before a source
 * is read; what a chain of sets must be is plan/chain.h's. */
#include "pack/parent.h"

#include "plan/chain.h"
#include "plan/set_documents.h"

vsr_code parent_check(const struct media_set *parent, const struct documents *of_parent,
                      const struct documents *documents, struct notices *notices, struct uuid *out,
                      vsr_error *error)
{
    const struct set_description self = {.parent = parent->description.uuid};
    struct chain chain = {0};
    chain_add(&chain, parent->path, &parent->description, of_parent);
    chain_add(&chain, VIEW("the set to be made"), &self, documents);
    const vsr_code rc = chain_check_parent(&chain.steps[0], &chain.steps[1], error);
    if (rc == VSR_OK && !chain_shares_writer(&chain.steps[0], &chain.steps[1])) {
        notice_add(notices, false,
                   "--parent %.*s: none of its writers is in this backup; is it what this one "
                   "adds to?",
                   VIEW_ARG(parent->path));
    }
    chain_judge(&chain, false);
    for (uint32_t i = 0; i < chain.warning_count && rc == VSR_OK; i++) {
        notice_add(notices, false, "%.*s", VIEW_ARG(chain.warnings[i]));
    }
    *out = parent->description.uuid;
    chain_free(&chain);
    return rc;
}

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
        rc = parent_check(&set, &of_parent, documents, notices, out, error);
        documents_free(&of_parent);
    }
    set_close(&set);
    return rc;
}
