/* media.h - what the calls for sets that are folders and for those that functions read share. */
#ifndef API_MEDIA_H
#define API_MEDIA_H

#include "api/objects.h"

/* Either path, absolute, or access. *set is the caller's. */
vsr_code api_set_open(vsr_set **set, const char *path, const struct set_access *access,
                      vsr_error *error);

vsr_code api_set_verify(const char *path, const struct set_access *access, unsigned workers,
                        vsr_message on_finding, void *context, vsr_verify_totals *totals,
                        vsr_error *error);

#endif
