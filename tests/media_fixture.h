/* media_fixture.h - small backup sets from lists of files in memory, for tests of whatever reads
 * sets. Written with the product's own set_writer, tar_header() and frame_encode(), in the form
 * that FORMAT.md gives; frames and packs may be made small to have many of them. A fixture that
 * cannot be written is a fault of the test and stops it. */
#ifndef MEDIA_FIXTURE_H
#define MEDIA_FIXTURE_H

#include "media/set_write.h"

enum fixture_kind {
    FIXTURE_FILE,
    FIXTURE_DIRECTORY,
    FIXTURE_SYMLINK, /* content: the link text */
    FIXTURE_HARDLINK /* content: the path of the first name, which must be listed before */
};

struct fixture_file {
    uint32_t volume;
    const char *path; /* below the volume's root, '/' between; parents are made as needed */
    enum fixture_kind kind;
    struct view content; /* the whole file, holes and unsaved parts too */
    uint8_t flags;       /* INDEX_SPARSE, INDEX_PARTIAL with ranges; INDEX_UNPROTECTED, ... */
    const struct index_range *ranges;
    uint32_t range_count;
    uint32_t mode; /* 0: 0644, for directories 0755 */
    uint32_t uid, gid;
    int64_t modify_s;
    uint32_t modify_ns;
    struct view attribute;  /* one extended attribute "user.test" with this value, if present */
    struct view descriptor; /* security descriptor, if present; equal ones are stored once */
};

struct fixture_document {
    const char *name;
    struct view bytes;
};

struct fixture {
    const struct fixture_file *files;
    uint32_t file_count;
    const struct set_volume *volumes; /* NULL: one, C: */
    uint32_t volume_count;
    const struct fixture_document *documents;
    uint32_t document_count;
    struct uuid uuid;      /* null: a fixed one */
    uint32_t small_max;    /* 0: the product's limits */
    uint32_t shared_bytes; /* same */
    uint32_t piece_bytes;  /* same; of large members */
    uint64_t pack_bytes;   /* same */
};

/* Make the set at path, which must not exist. */
void fixture_write(const char *path, const struct fixture *fixture);

/* A folder of its own below TMPDIR; removed with everything in it by fixture_remove(). */
void fixture_folder(char out[64]);
void fixture_remove(const char *path);

/* Run a command line by the shell; its exit status. For the tools that a test compares with. */
VSR_PRINTF(1, 2)
int fixture_shell(const char *format, ...);

/* count bytes that LZ4 can shrink about by half, the same for the same seed; free() them. */
char *fixture_bytes(uint64_t seed, size_t count);

/* The next number of a small generator (splitmix64). */
uint64_t fixture_random(uint64_t *state);

#endif
