/* media.c - sets that a front end's functions read, behind the public handles. What the functions
 * say is checked where it is used (media/store.c); here only that there are any. */
#include "api/media.h"

static vsr_code media_take(const vsr_media *media, struct set_access *out, vsr_error *error)
{
    vsr_media mine;
    const vsr_code rc = options_take(&mine, sizeof mine, media, "vsr_media", error);
    if (rc != VSR_OK) {
        return rc;
    }
    if (mine.read_at == NULL || mine.size_of == NULL) {
        return err_set(error, VSR_ERR_USAGE, "api/media",
                       "vsr_media names no function %s: a set cannot be read without",
                       mine.read_at == NULL ? "read_at" : "size_of");
    }
    if ((mine.flags & ~(unsigned)VSR_MEDIA_ANY_THREAD) != 0) {
        return err_set(error, VSR_ERR_USAGE, "api/media",
                       "vsr_media has flags that this version does not know: %#x", mine.flags);
    }
    *out = (struct set_access){
        .functions = {mine.read_at, mine.size_of, mine.release, mine.context},
        .any_thread = (mine.flags & VSR_MEDIA_ANY_THREAD) != 0,
        .name = mine.name != NULL ? mine.name : "given by functions",
        .index_folder = mine.index_folder,
    };
    return VSR_OK;
}

vsr_code vsr_set_open_media(vsr_set **set, const vsr_media *media, vsr_error *error)
{
    struct set_access access;
    *set = NULL;
    const vsr_code rc = media_take(media, &access, error);
    return rc == VSR_OK ? api_set_open(set, NULL, &access, error) : rc;
}

vsr_code vsr_set_verify_media(const vsr_media *media, unsigned workers, vsr_message on_finding,
                              void *context, vsr_verify_totals *totals, vsr_error *error)
{
    struct set_access access;
    const vsr_code rc = media_take(media, &access, error);
    if (rc != VSR_OK) {
        if (totals != NULL) {
            *totals = (vsr_verify_totals){0};
        }
        return rc;
    }
    return api_set_verify(NULL, &access, workers, on_finding, context, totals, error);
}
