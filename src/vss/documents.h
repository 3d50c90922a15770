/* documents.h - all documents of one backup: one Backup Components Document and the Writer
 * Metadata Documents, told apart by their root elements, and joined (rules 2.3).
 *
 * The documents' end of the data's way: everything later asks this, nothing later reads XML. */
#ifndef VSS_DOCUMENTS_H
#define VSS_DOCUMENTS_H

#include "vss/bcd.h"
#include "vss/place.h"

struct document_file {
    struct view name;  /* the file's own name, without folders */
    struct view bytes; /* as saved                             */
    enum { DOCUMENT_BCD, DOCUMENT_WMD, DOCUMENT_FOREIGN } kind;
    struct view root_element; /* its local name, for messages */
};

struct documents {
    struct arena arena; /* owns everything below */
    struct document_file *files;
    uint32_t file_count;
    uint32_t bcd_file; /* index into files */
    struct bcd bcd;
    struct wmd *wmds; /* in the order of the files' names */
    uint32_t wmd_count;
    uint32_t *writer_wmd;  /* for each bcd.writers: index into wmds, or MARK_NONE (2.3) */
    struct view *warnings; /* sentences that stop nothing, in the order they were met */
    uint32_t warning_count;
};

/* Read the documents that stand at paths (each a folder, not descended into, or a file).
 * Contract, section 1: a file with another root is listed as DOCUMENT_FOREIGN when it came
 * from a folder and refused when it was named itself; several BCDs, or two WMDs with the same
 * writer and instance id, are refused, all named; no BCD is refused. Folder files are read in
 * the order of their names; only regular "*.xml" of any letter case is considered in a folder.
 * A file in which no root element can be found is refused wherever it came from.
 * Errors: DOCUMENT with file, line and byte. On failure *out is empty. On success the caller
 * frees it with documents_free(). Blocks on file reads. */
vsr_code documents_read(struct documents *out, const char *const *paths, uint32_t path_count,
                        vsr_error *error);

/* The same from bytes in memory (a set's own copies). bytes are copied into the arena. */
struct document_source {
    struct view name;
    struct view bytes;
    bool named; /* the caller named this file itself */
};
vsr_code documents_parse(struct documents *out, const struct document_source *sources,
                         uint32_t source_count, vsr_error *error);

void documents_free(struct documents *documents);

/* The component of wmd with this logical path and name: exact, else the one that matches
 * without regard to case (*folded set, rules 4.3). MARK_NONE when there is none. lp is
 * compared normalised (4.1). */
uint32_t wmd_component_find(const struct wmd *wmd, struct view logical_path, struct view name,
                            bool *folded);

/* A logical path without leading and trailing backslashes (rules 4.1 norm()). */
struct view vss_logical_path_norm(struct view logical_path);

/* "lp\name", or "name" at the root, in the arena. */
struct view vss_full_name(struct arena *arena, struct view logical_path, struct view name);

#endif
