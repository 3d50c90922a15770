/* pack_fixture.h - a folder with source trees and documents made for one test, the set packed
 * from them, and what lz4 and tar get out of it again. A fixture that cannot be made is a fault of
 * the test and stops it. */
#ifndef UNIT_PACK_PACK_FIXTURE_H
#define UNIT_PACK_PACK_FIXTURE_H

#include "media/set.h"
#include "media_fixture.h"
#include "pack/pack.h"
#include "vsr_test.h"

#define shell fixture_shell

struct pack_fixture {
    char folder[64]; /* everything below it goes at the end */
    char c[80];      /* the tree of C: */
    char set[96];    /* where the set goes */
    char documents[96];
    const char *volumes[8]; /* "C:=..." first */
    uint32_t volume_count;
    const char *environment[8];
    uint32_t environment_count;
    bool include_all;
    uint32_t worker_count;
    uint64_t pack_bytes_target;
    const char *parent;
    /* Called when the first warning is told, which is after the walk and before any content is
     * read: to change the tree between the two. */
    void (*between)(const struct pack_fixture *fixture);
    char *warnings; /* all, one a line */
    size_t warnings_bytes;
    struct pack_result result;
    vsr_error error;
};

void pack_fixture_begin(struct pack_fixture *fixture);
void pack_fixture_end(struct pack_fixture *fixture);

/* Write the two documents: writer "Test", writer id fixed. component: children of COMPONENT
 * "Main" in the BCD; locations: what stands in the WMD beside its IDENTIFICATION, as XML. */
void pack_fixture_documents(struct pack_fixture *fixture, const char *backup_type,
                            const char *component, const char *wmd);

/* The documents of a full backup whose component has these sets; excludes stand beside it. */
void pack_fixture_sets(struct pack_fixture *fixture, const char *sets, const char *excludes);

/* Files and directories below the tree of C:; parents are made. */
void tree_directory(const struct pack_fixture *fixture, const char *path);
void tree_file(const struct pack_fixture *fixture, const char *path, const void *bytes,
               size_t count);
void tree_text(const struct pack_fixture *fixture, const char *path, const char *text);
/* count bytes that LZ4 can shrink by about half. */
void tree_random(const struct pack_fixture *fixture, const char *path, size_t count);
/* Give a file of the tree a time. */
void tree_time(const struct pack_fixture *fixture, const char *path, int64_t seconds, long ns);

/* Pack; uuid and time are fixed. */
vsr_code pack_fixture_pack(struct pack_fixture *fixture);
/* Was there a warning with this text in it? */
bool pack_fixture_warned(const struct pack_fixture *fixture, const char *text);

/* Pack, which must succeed, then check every byte of the set. */
void pack_fixture_pack_and_verify(struct pack_fixture *fixture);

/* cat packs/... | lz4 -dc | tar -x into folder/out. */
void pack_fixture_extract(struct pack_fixture *fixture, char out[96]);

/* The set, opened. */
void pack_fixture_open(struct pack_fixture *fixture, struct media_set *set);
/* The entry at a path below volume 0's root, '/' between; MARK_NONE: none. */
uint32_t set_entry(const struct media_set *set, const char *path);
#define assert_packed(set, path)     assert_int_not_equal(set_entry(set, path), MARK_NONE)
#define assert_not_packed(set, path) assert_int_equal(set_entry(set, path), MARK_NONE)

/* Fail unless the trees are equal: names, kinds, contents, modify times, link texts, and which
 * names are one file. what is for the message. */
void assert_trees_equal(const char *want, const char *got);
void assert_files_equal(const char *want, const char *got);

#endif
