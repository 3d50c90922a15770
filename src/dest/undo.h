/* undo.h - what --in-place is about to cover, saved before the first byte of it is written.
 *
 * A file "undo-<number of the plan_file, hex>" in the run folder, little-endian:
 *
 *   struct undo_header
 *   range_count x struct undo_range    what will be written: in order, apart, none of them empty
 *   the bytes of these ranges as far as they lie below size, end to end
 *   u64 check                          see below
 *
 * check is the XXH3-64 of header and ranges; then, for each UNDO_BLOCK_BYTES of the bytes (the
 * last block may be shorter), the XXH3-64 of the check so far (8 bytes) and the block.
 *
 * It is synced, and the folder with it, before the first write; so a file without a right check
 * says that nothing was written, or, where the base has changed, that it has rotted. One with a
 * right check says that the base may hold anything within the ranges and beyond size, and its old
 * bytes everywhere else: putting the bytes back, cutting to size and setting the times makes it
 * what it was, however often it is done. The record of the intent (in_place is 1) names the base by
 * device and inode; the device is for people here, since it may be called otherwise when the file
 * is read. The file goes when the unit's commit is recorded, or when the base is whole again and
 * synced. Control thread only. */
#ifndef DEST_UNDO_H
#define DEST_UNDO_H

#include "dest/stage.h"

#define UNDO_MAGIC UINT64_C(0x31304F444E555356) /* "VSUNDO01" */
enum { UNDO_BLOCK_BYTES = 256 << 10, UNDO_NAME_BYTES = 16 };

struct undo_header {
    uint64_t magic;
    uint32_t file; /* plan_file */
    uint32_t range_count;
    uint64_t device, inode, size; /* of the base */
    int64_t access_s, modify_s;
    uint32_t access_ns, modify_ns;
};

struct undo_range {
    uint64_t offset;
    uint64_t length;
};

/* Save what ranges (by their dest) cover of the open base. 0 or errno: nothing is left then. */
int undo_save(int folder_fd, uint32_t file, int base_fd, const struct plan_range *ranges,
              uint32_t range_count);

/* Make the open base, which is on the right device, what it was, and sync it. 0 or errno (ENOENT:
 * there is no such file; EBADMSG: it is not whole; ESTALE: it is of another base, or the disk
 * cannot read it, or somebody has made the base longer than we can have: it is not touched). */
int undo_put_back(int folder_fd, uint32_t file, int base_fd);

/* The same where no sync can be waited for: without one, and the undo file is called
 * "undone-<number>", modified when that was done. While the system runs the base is whole, and what
 * somebody writes to it is not to be undone; after a cut it may hold anything, as if nothing had
 * been put back. */
int undo_put_back_unsynced(int folder_fd, uint32_t file, int base_fd);
/* For who goes on. continuous: nothing was cut since, so that the base is synced, and the file
 * goes; else, and where the sync fails, it is an undo file again, and base_fd, which may be -1, is
 * used for nothing else. But where the base was not modified before it was put back, somebody has
 * written to it: nothing is undone then, and the file stays as it is (ESTALE, or the errno of the
 * sync). Nothing when there is none. 0 or errno. */
int undo_settle(int folder_fd, uint32_t file, int base_fd, bool continuous);

void undo_name(uint32_t file, char out[UNDO_NAME_BYTES]);

/* Is there one, whole or not, by either name? out: by which. */
bool undo_exists(int folder_fd, uint32_t file);
bool undo_find(int folder_fd, uint32_t file, char out[UNDO_NAME_BYTES]);
/* By both names. */
void undo_remove(int folder_fd, uint32_t file);

#endif
