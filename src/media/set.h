/* set.h - a backup set: set.json read or written, packs and index opened. It is a folder, or what
 * somebody's functions read (media/store.h). */
#ifndef MEDIA_SET_H
#define MEDIA_SET_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/uuid.h"
#include "media/index.h"
#include "media/store.h"

#define SET_JSON_NAME   "set.json"
#define SET_DOCUMENTS   "documents"
#define SET_PACKS       "packs"
#define INDEX_NAME      "index.bin"
#define INDEX_PART_NAME ".index.bin.part" /* while it is being written */

enum { SET_PACK_NAME_BYTES = 32 };

struct foreign_media; /* media/foreign.h */

struct set_volume {
    struct view letter;  /* "C:" or absent */
    struct view guid;    /* "\\?\Volume{...}" or absent */
    struct view unc;     /* "\\server\share" or absent */
    struct view *mounts; /* folders where it is mounted, "C:\Mounts\Data" */
    uint32_t mount_count;
    struct view label;   /* or absent */
    bool case_sensitive; /* of the source tree */
    struct view prefix;  /* of its members: "C", "Volume{...}", "UNC/server/share" */
};

struct set_part { /* a document, a pack, the index */
    struct view name;
    uint64_t size;
    uint8_t xxh3_128[16]; /* canonical form */
};

struct set_description {
    struct uuid uuid;
    struct uuid parent; /* null: none */
    struct view backup_type;
    struct view created;
    struct view host;
    struct set_volume *volumes;
    uint32_t volume_count;
    struct view (*environment)[2];
    uint32_t environment_count;
    struct set_part *documents;
    uint32_t document_count;
    struct set_part *packs;
    uint32_t pack_count;
    struct set_part index;
    uint64_t files; /* entries that are not directories */
    uint64_t bytes; /* their sizes */
};

struct media_set {
    struct arena arena;
    struct view path; /* as given, for messages; of a set that is no folder, what it is called */
    int dir_fd;       /* -1: it is no folder, and store reads it */
    struct media_store *store; /* or NULL */
    struct set_description description;
    struct media_index index;      /* mapped */
    struct source *packs;          /* none until set_open_packs(), or when it cannot be opened (the
                                 errno of part_open()) */
    struct foreign_media *foreign; /* no set: what a plan of another front end brings; or NULL */
};

/* Memory that the catalogue takes while the set is open: none of a folder's, which is mapped. */
uint64_t set_memory_bytes(const struct media_set *set);

/* Open the folder at path: set.json checked against its own hash, index.bin opened and
 * checked. Packs are opened by set_open_packs(). Errors: MEDIA,
 * MEDIA_UNREADABLE; SELECTION for what is no set: no folder, or one that has neither set.json nor
 * another part of a set. Freed by set_close(). */
vsr_code set_open(struct media_set *out, const char *path, vsr_error *error);
/* The same without index.bin (verify and reindex, which must work without). */
vsr_code set_open_description(struct media_set *out, const char *path, vsr_error *error);

/* How a set that is no folder is read. Strings are borrowed for the time of the call. */
struct set_access {
    struct store_functions functions;
    bool any_thread;          /* workers may call them; else the caller's thread alone does */
    const char *name;         /* for messages */
    const char *index_folder; /* where the index is held; NULL: in memory */
};
/* As set_open() and set_open_description(), by functions, which must be good until set_close(). */
vsr_code set_open_by(struct media_set *out, const struct set_access *access, vsr_error *error);
vsr_code set_open_description_by(struct media_set *out, const struct set_access *access,
                                 vsr_error *error);

/* The folder that the set is; absent: it is none. */
static inline struct view set_folder(const struct media_set *set)
{
    return set->store == NULL ? set->path : VIEW_NONE;
}

/* Who brings workers' reads to the caller's thread; NULL: nobody has to. */
static inline struct desk *set_desk(const struct media_set *set)
{
    return set->store != NULL ? set->store->desk : NULL;
}

/* index.bin of a set that was opened without; on failure set->index is empty. */
vsr_code set_open_index(struct media_set *set, vsr_error *error);
void set_close(struct media_set *set);

/* Open every pack for reading; a missing one stays none and is named by the returned error only
 * if need_all. */
vsr_code set_open_packs(struct media_set *set, bool need_all, vsr_error *error);

/* Open a part by its name in the set ("packs/pack-000000.tar.lz4"), for whoever will read it;
 * *bytes: how long it is. Closed by source_close(). Errors: as part_open(), with errno. */
vsr_code set_open_part(const struct media_set *set, const char *name, enum store_reader reader,
                       struct source *out, uint64_t *bytes, vsr_error *error);

/* The bytes of a document of the set, checked against its hash; added to *out. */
vsr_code set_read_document(const struct media_set *set, uint32_t document, struct buffer *out,
                           vsr_error *error);

/* "pack-000012.tar.lz4"; out holds SET_PACK_NAME_BYTES. */
void set_pack_name(uint32_t pack, char *out);
/* "packs/pack-000012.tar.lz4"; out holds SET_PACK_NAME_BYTES. */
void set_pack_part(uint32_t pack, char *out);

/* Write set.json into dir_fd, whole, by rename, synced. */
vsr_code set_write_description(int dir_fd, const struct set_description *description,
                               vsr_error *error);

#endif
