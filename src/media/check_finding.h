/* check_finding.h - what `verify` found, gathered from all workers, told in order. */
#ifndef MEDIA_CHECK_FINDING_H
#define MEDIA_CHECK_FINDING_H

#include "media/check.h"

#include <pthread.h>

enum finding_structure { FOUND_SET_JSON, FOUND_DOCUMENT, FOUND_INDEX, FOUND_PACK };

struct finding {
    vsr_code code;
    enum finding_structure structure;
    uint32_t number;  /* of the document or pack   */
    uint64_t offset;  /* in the structure          */
    uint32_t entry;   /* the file, or MARK_NONE    */
    struct view why;  /* in the list's arena       */
    bool is_sentence; /* why is a whole sentence  */
};

struct findings {
    pthread_mutex_t lock;
    struct arena arena;
    struct finding *items;
    size_t count, capacity;
    uint64_t total;
    uint64_t damaged_files;
    uint8_t *damaged; /* a bit for each entry of the index */
    uint32_t entry_count;
    bool media, unreadable; /* which codes there were */
};

/* Any thread. finding.why is copied. */
void findings_add(struct findings *findings, struct finding finding);

/* The same with an error's code and sentence. */
void findings_add_error(struct findings *findings, enum finding_structure structure,
                        uint32_t number, uint64_t offset, const vsr_error *error);

/* How many of the pack were kept so far. Only when no worker runs. */
uint64_t findings_of_pack(const struct findings *findings, uint32_t pack);

/* Tell all of them to report, in order of structure and offset; set->index may be empty. */
void findings_report(struct findings *findings, const struct media_set *set, check_report *report,
                     void *context);

void findings_fini(struct findings *findings);

#endif
