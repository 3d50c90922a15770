/* mapping.h - what both kinds of documents share when they are read: mappings, and the
 * identity of a component by logical path and name. For vss/ only. */
#ifndef VSS_MAPPING_H
#define VSS_MAPPING_H

#include "vss/reader.h"
#include "vss/wmd.h"

/* An element with path, filespec, recursive, alternatePath. */
void vss_mapping_read(struct reader *reader, uint32_t element, struct vss_mapping *mapping,
                      struct fault *fault);

/* Of wmd->components, make wmd->keys, and mark duplicates as faults. */
void wmd_keys_make(struct wmd *wmd, struct arena *arena);

#endif
