/* media.h - a backup set that is no folder: a front end reads it from its own store, by functions.
 *
 *     static int64_t read_at(void *context, const char *name, uint64_t offset, void *bytes,
 *                            size_t count) { ... }
 *     static int size_of(void *context, const char *name, uint64_t *bytes) { ... }
 *
 *     vsr_media media = {.size = sizeof media, .name = "job 12", .read_at = read_at,
 *                        .size_of = size_of, .context = store};
 *     if (vsr_set_open_media(&set, &media, &error) == VSR_OK) { ... as with vsr_set_open() ...
 *
 * The handle does all that one of vsr_set_open() does. What needs a folder is left: the program
 * cannot run a plan that was made from such a set, nor resume its run (a plan, a report and a run
 * folder have no path of it); vsr_plan_load() and vsr_resume_set() can. A lost index cannot be
 * rebuilt: vsr_set_reindex() writes into a folder.
 *
 * Which thread calls: the caller's alone, inside a call of this library that was given the set, or
 * something made of it. Workers of a restore and of a check then wait for that thread, which reads
 * for all of them one after the other and, in a restore, has other things to do: it publishes, and
 * looks between two reads whether it is told to end.
 * With VSR_MEDIA_ANY_THREAD workers call read_at() themselves, several at once (size_of() and
 * release() are always called on the caller's thread). They are threads of the library's own that
 * take no signals and may change no file (Landlock), nor start a program that could: read_at() must
 * do with what it has open, and with reading. Each of them has one read at work at a time. In a
 * check the caller's thread is one of those that call it, with all its rights.
 *
 * Nothing that is returned is trusted: lengths, checksums and the bounds of every number are
 * checked as on media that were damaged. */
#ifndef VSSRESTORE_MEDIA_H
#define VSSRESTORE_MEDIA_H

#include "vssrestore/chain.h"
#include "vssrestore/restore.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { VSR_MEDIA_ANY_THREAD = 1 };

/** Set `size` to sizeof(vsr_media), the rest to zero or what is meant. The struct and its strings
 *  are borrowed for the time of the call; the functions and their context must be good until
 *  vsr_set_close(). name, of the functions, is a part's name in the set: "set.json", "index.bin",
 *  "documents/...", "packs/pack-000000.tar.lz4" (vssrestore-set(5)). */
typedef struct vsr_media {
    size_t size;
    const char *name; /**< of the set, in messages; NULL: "given by functions" */
    unsigned flags;   /**< VSR_MEDIA_ANY_THREAD */
    /** At most count bytes of the part at offset: how many were read, at least one, or 0: it ends
     *  there; or the negative of an errno. Fewer than count are asked for again. -EINTR and -EAGAIN
     *  are tried again some times; -ECANCELED when *cancel of the run (restore.h) was raised before
     *  is a part of its end; any other makes the files whose bytes these are MEDIA_MISSING. */
    int64_t (*read_at)(void *context, const char *name, uint64_t offset, void *bytes, size_t count);
    /** How long a part is: 0, or the negative of an errno; -ENOENT: there is none. */
    int (*size_of)(void *context, const char *name, uint64_t *bytes);
    /** The part is not read any more; it may be asked for anew. Or NULL. */
    void (*release)(void *context, const char *name);
    void *context;
    /** A folder where the index is held, in a file without a name, while the set is open. NULL, or
     *  a file system that has no such files: it is held in memory, some 200 bytes for each file,
     *  which vsr_restore_options.memory_bytes counts. */
    const char *index_folder;
} vsr_media;

/** Open a set that functions read: set.json, index and documents are read and checked. Results as
 *  of vsr_set_open(). @retval VSR_ERR_SELECTION  there is no set.json, or no index_folder.
 *  @retval VSR_ERR_USAGE  read_at or size_of is missing; a flag that is not known. */
VSR_API vsr_code vsr_set_open_media(vsr_set **set, const vsr_media *media, vsr_error *error);

/** vsr_set_verify() of a set that functions read. */
VSR_API vsr_code vsr_set_verify_media(const vsr_media *media, unsigned workers,
                                      vsr_message on_finding, void *context,
                                      vsr_verify_totals *totals, vsr_error *error);

/** vsr_resume() with the run's set, which the caller has opened: for a run of a set that functions
 *  read, or of one that stands elsewhere now. Another set is VSR_ERR_RUN_FOREIGN. A step of a chain
 *  of such sets may want the chain as well: vsr_restore_options.chain. */
VSR_API vsr_code vsr_resume_set(vsr_report **report, const char *run_dir, const vsr_set *set,
                                const vsr_restore_options *options, vsr_error *error);

/** vsr_chain_open() with sets that the caller has opened, all of them, oldest first; they stay open
 *  as long as the chain. None is looked for. vsr_chain_path() is what each is called. */
VSR_API vsr_code vsr_chain_open_sets(vsr_chain **chain, const vsr_set *const *sets,
                                     size_t set_count, const vsr_chain_options *options,
                                     vsr_error *error);

#ifdef __cplusplus
}
#endif
#endif
