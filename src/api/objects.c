/* objects.c - what all handles share: sinks, sized options, the version. */
#include "api/objects.h"

#include <errno.h>

const char *vsr_version(void)
{
    return VSR_VERSION;
}

vsr_code sink_give(vsr_sink sink, void *context, struct view text, vsr_error *error)
{
    const int rc = text.n == 0 ? 0 : sink(context, text.p, text.n);
    if (rc != 0) {
        errno = rc;
        return err_sys(error, VSR_ERR_DEST_IO, "api/sink", "cannot hand over the output");
    }
    return VSR_OK;
}

vsr_code options_take(void *own, size_t own_bytes, const void *theirs, const char *name,
                      vsr_error *error)
{
    size_t their_bytes = 0;
    memset(own, 0, own_bytes);
    if (theirs == NULL) {
        return VSR_OK;
    }
    memcpy(&their_bytes, theirs, sizeof their_bytes); /* `size` is the first member of all */
    if (their_bytes < sizeof their_bytes) {
        return err_set(error, VSR_ERR_USAGE, "api/options", "%s.size is not set", name);
    }
    for (size_t i = own_bytes; i < their_bytes; i++) {
        if (((const unsigned char *)theirs)[i] != 0) {
            return err_set(error, VSR_ERR_USAGE, "api/options",
                           "%s asks for something that this version does not know", name);
        }
    }
    memcpy(own, theirs, their_bytes < own_bytes ? their_bytes : own_bytes);
    return VSR_OK;
}

vsr_code set_needs_documents(const struct vsr_set *set, vsr_error *error)
{
    return set->media.foreign == NULL
               ? VSR_OK
               : err_set(error, VSR_ERR_USAGE, "api/objects",
                         "%.*s is a plan with media of its own, not a backup set: there is nothing "
                         "to choose from; run --plan takes it as it stands",
                         VIEW_ARG(set->media.path));
}
