/* plan_case.h - one rule, one plan: a writer or two in a few lines of XML, media, a call and a
 * destination as text, and what the plan must be in short. */
#ifndef PLAN_CASE_H
#define PLAN_CASE_H

#include "planner_fixture.h"

struct plan_case {
    const char *name;
    const char *method;      /* of the first writer; NULL: none given            */
    const char *mappings;    /* ALTERNATE_LOCATION_MAPPING elements, or NULL     */
    const char *locations;   /* children of BACKUP_LOCATIONS                     */
    const char *components;  /* of the first writer in the BCD; NULL: one "C"    */
    const char *second;      /* children of the second writer's BACKUP_LOCATIONS, method 2, one
                               component "C"; NULL: there is no second writer   */
    const char *catalog;     /* as planner_fixture_catalog()                        */
    const char *options;     /* as planner_fixture_options(); C: stands at /c       */
    const char *want;        /* as plan_case_text(), or "error: " and a part of the message */
    const char *backup_type; /* NULL: full                                      */
    bool no_service;         /* the restore method names no service              */
    bool no_schema;          /* backupSchema 0, which supports no new target      */
};

/* Pieces of documents. */
#define PLAN_LIST_MASK(path, spec, recursive, mask)                                                \
    "<FILE_LIST path=\"" path "\" filespec=\"" spec "\" recursive=\"" recursive                    \
    "\" filespecBackupType=\"" mask "\"/>"
#define PLAN_LIST(path, spec, recursive) PLAN_LIST_MASK(path, spec, recursive, "3855")
#define PLAN_GROUP(logical_path, name, lists)                                                      \
    "<FILE_GROUP " logical_path "componentName=\"" name                                            \
    "\" restoreMetadata=\"no\" notifyOnBackupComplete=\"no\" selectable=\"yes\" "                  \
    "selectableForRestore=\"yes\" componentFlags=\"0\">" lists "</FILE_GROUP>"
#define PLAN_C(lists) PLAN_GROUP("", "C", lists)
#define PLAN_MAP(path, spec, recursive, alternate)                                                 \
    "<ALTERNATE_LOCATION_MAPPING path=\"" path "\" filespec=\"" spec "\" recursive=\"" recursive   \
    "\" alternatePath=\"" alternate "\"/>"
#define PLAN_EXCLUDE(path, spec, recursive)                                                        \
    "<EXCLUDE_FILES path=\"" path "\" filespec=\"" spec "\" recursive=\"" recursive "\"/>"

/* Components "C" of the first writer with entries, or with attributes and entries. */
#define PLAN_ENTRIES_OF(name, attributes, entries)                                                 \
    "<COMPONENT componentName=\"" name "\" componentType=\"filegroup\" " attributes ">" entries    \
    "</COMPONENT>"
#define PLAN_ENTRIES(entries) PLAN_ENTRIES_OF("C", "", entries)
#define PLAN_PARTIAL(path, name, ranges)                                                           \
    "<PARTIAL_FILE path=\"" path "\" filespec=\"" name "\" ranges=\"" ranges "\"/>"
#define PLAN_DIFFERENCED(path, spec, recursive)                                                    \
    "<DIFFERENCED_FILE path=\"" path "\" filespec=\"" spec "\" recursive=\"" recursive             \
    "\" lastModifyTime=\"0\"/>"
#define PLAN_DIRECTED(path, name, ranges, to_path, to_name, to_ranges)                             \
    "<DIRECTED_TARGET sourcePath=\"" path "\" sourceFilename=\"" name                              \
    "\" sourceRangeList=\"" ranges "\" destinationPath=\"" to_path                                 \
    "\" destinationFilename=\"" to_name "\" destinationRangeList=\"" to_ranges "\"/>"

/* Two writers who share files, a subcomponent, links, folders, volumes of both options. */
extern const struct plan_case plan_case_rich;

/* The documents, media and call of a case. */
void plan_case_load(struct planner_fixture *fixture, const struct plan_case *c);

/* A plan in short, in the arena. Each unit "verdict ERROR|- rule"; each record "MARK dest": d a
 * directory, + created, = replaced, l a hard link, r a symbolic link, R
 * one that replaces another, . what stays as it stands, p a partial file, t a directed one that is
 * made, T one into a file that is there, g a ranges file, G one that replaces another; behind the
 * dest "@place" unless it is the original one, then ranges ("offset:length", "source:length>dest")
 * and "^" for a further record of the same destination. "<- name" for each unit that depends on
 * another's record, "a path filespec -> destination" for each used mapping, "g entry -> path" for
 * each ranges file that the document is to name anew, "! warning" for each warning when warnings
 * is set. */
struct view plan_case_text(struct planner_fixture *fixture, const struct plan *plan, bool warnings);

/* Run a case and fail the test when its plan is another. */
void plan_case_run(const struct plan_case *c);

#endif
