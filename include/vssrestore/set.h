/* set.h - a backup set: make one, look into it, check it, mend its index.
 *
 * Handles are opaque; strings are UTF-8 (names that are no valid Unicode: WTF-8). Nothing here
 * prints; what is to be shown goes through a vsr_sink, on the caller's thread. A handle may be
 * read by several threads at once; opening and closing it is one thread's. */
#ifndef VSSRESTORE_SET_H
#define VSSRESTORE_SET_H

#include <stddef.h>
#include <stdint.h>

#include "vssrestore/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Takes text in order, whole lines at a time. Return 0, or an errno to stop. */
typedef int (*vsr_sink)(void *context, const char *text, size_t bytes);

/** One sentence for people: a warning, or something found. */
typedef void (*vsr_message)(void *context, const char *sentence);

typedef enum vsr_format { VSR_FORMAT_TEXT = 0, VSR_FORMAT_JSON = 1 } vsr_format;

typedef struct vsr_set vsr_set;

/** What `pack` needs. Set `size` to sizeof(vsr_pack_options), the rest to zero or what is meant. */
typedef struct vsr_pack_options {
    size_t size;
    const char *const *documents; /**< folders or files; at least one                       */
    size_t document_count;
    const char *const *volumes; /**< "SPEC=DIR"                                             */
    size_t volume_count;
    const char *const *environment; /**< "NAME=value": kept in the set                      */
    size_t environment_count;
    const char *parent;     /**< folder of the set that this one adds to, or NULL               */
    const char *output;     /**< folder to make; it must not exist or be empty                  */
    int include_all;        /**< 1: also files of no component                                  */
    unsigned workers;       /**< threads; 0: one for each core                                  */
    vsr_message on_warning; /**< or NULL */
    void *context;
    const vsr_set *parent_set; /**< instead of parent: that set, open; or NULL                  */
} vsr_pack_options;

typedef struct vsr_pack_result {
    uint64_t files;        /**< entries that are not directories    */
    uint64_t bytes;        /**< their sizes                         */
    uint64_t stored_bytes; /**< of the packs                        */
    uint64_t warnings;
    uint64_t incomplete; /**< of these: what leaves something wanted off the media */
    char uuid[37];
} vsr_pack_result;

/** Make a backup set from volume trees and their stored documents. Blocks. set.json is written
 *  last: a folder without it is no set. @retval VSR_ERR_DOCUMENT, VSR_ERR_SELECTION (an unknown
 *  %NAME%, a wrong SPEC), VSR_ERR_MEDIA_UNREADABLE (a source), VSR_ERR_DEST_*. */
VSR_API vsr_code vsr_set_pack(const vsr_pack_options *options, vsr_pack_result *result,
                              vsr_error *error);

/** Open the set in folder path: set.json, index and documents are read and checked. One that is no
 *  folder: vsr_set_open_media() (media.h). A plan with media of its own (vssrestore-plan(5)) is
 *  opened by its file; it can be loaded, asked about and run, and there is nothing to choose.
 *  @param[out] set the caller's, freed by vsr_set_close(); NULL on failure. */
VSR_API vsr_code vsr_set_open(vsr_set **set, const char *path, vsr_error *error);
VSR_API void vsr_set_close(vsr_set *set);

/** The set's identity, 36 characters; good while the set is open. */
VSR_API const char *vsr_set_uuid(const vsr_set *set);

/** Writers, components as a tree, file sets, methods, mappings, sizes, and what a restore would
 *  refuse for documents or media. JSON: one object. */
VSR_API vsr_code vsr_set_inspect(const vsr_set *set, vsr_format format, vsr_sink sink,
                                 void *context, vsr_error *error);

/** The same of documents that are in no set yet (folders or files), without sizes, and refused for
 *  documents alone. */
VSR_API vsr_code vsr_documents_inspect(const char *const *paths, size_t path_count,
                                       vsr_format format, vsr_sink sink, void *context,
                                       vsr_error *error);

typedef struct vsr_verify_totals {
    uint64_t files, bytes, frames, damaged_files, findings;
} vsr_verify_totals;

/** Check every byte of a set against its checksums; writes nothing. on_finding is called for
 *  each thing that is wrong, in order. @retval VSR_OK all is right; VSR_ERR_MEDIA,
 *  VSR_ERR_MEDIA_UNREADABLE something was found. */
VSR_API vsr_code vsr_set_verify(const char *path, unsigned workers, vsr_message on_finding,
                                void *context, vsr_verify_totals *totals, vsr_error *error);

/** Rebuild a lost or damaged index from the packs. *rebuilt: 1 when it was written anew. */
VSR_API vsr_code vsr_set_reindex(const char *path, int *rebuilt, vsr_error *error);

#ifdef __cplusplus
}
#endif
#endif
