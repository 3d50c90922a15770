/* meta.h - the metadata of one file, directory or link, as its file system shows it (contract,
 * ruling 19). */
#ifndef PACK_META_H
#define PACK_META_H

#include "base/arena.h"
#include "base/buffer.h"
#include "pack/source.h"
#include "pack/tree.h"

#include <sys/stat.h>

/* One for each thread that reads metadata. */
struct meta_reader {
    char *names; /* what listxattr said */
    char *value;
    struct buffer attributes;
};

void meta_reader_init(struct meta_reader *reader);
void meta_reader_fini(struct meta_reader *reader);

/* st_dev of a statx result, as one number. */
uint64_t meta_device(const struct statx *stat);

/* Which attributes that no listing shows (ntfs-3g's system.ntfs_*) does the file system of this
 * open directory know? Bits for source_volume.shown. */
uint32_t meta_probe(int fd);

/* What of the metadata could not be had. */
enum { META_STREAM_TOO_LONG = 1, META_ATTRIBUTE_UNREADABLE = 2 };

/* Fill node->record (mode, size, times, owner, DOS attributes, holes) and node->extra from an
 * open file or directory; memory from the arena. Returns 0 or an errno; what attributes could
 * not be read is told in *losses. */
int meta_read_open(struct meta_reader *reader, const struct source_volume *volume, int fd,
                   struct node *node, struct arena *arena, uint32_t *losses);

/* The same of a symbolic link, which cannot be opened: name in dir_fd; its text is read, too. */
int meta_read_link(struct meta_reader *reader, const struct source_volume *volume, int dir_fd,
                   const char *name, struct node *node, struct arena *arena, uint32_t *losses);

#endif
