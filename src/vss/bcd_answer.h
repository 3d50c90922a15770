/* bcd_answer.h - what a writer changed in the Backup Components Document that it was shown, and
 * which of it counts (rules 2.5, 3.3; Q3).
 *
 * A writer may write, on its own components that are being restored: in PreRestore the restore
 * target, directed targets, restore metadata (once) and its failure message; in PostRestore its
 * failure message alone. Whatever else differs is dropped with a sentence that names it (T64). How
 * the answer is spelled - quotes, order of attributes, encoding - is no difference. */
#ifndef VSS_BCD_ANSWER_H
#define VSS_BCD_ANSWER_H

#include "vss/bcd.h"

enum bcd_phase { BCD_PHASE_PRE_RESTORE, BCD_PHASE_POST_RESTORE };

struct bcd_change {      /* what one component's writer wrote; absent: nothing */
    uint32_t component;  /* index into the writer's components */
    struct view target;  /* as spelled: it may be no known word (rules 6.7) */
    struct view message; /* of the phase */
    struct view restore_metadata;
    struct bcd_directed_target *directed; /* added ones, in order */
    uint32_t directed_count;
};

struct bcd_answer {
    struct bcd_change *changes; /* by component */
    uint32_t change_count;
    struct vss_warnings dropped; /* sentences without a name of the writer before them */
};

/* Compare answer with sent (both documents in any byte form). writer: the index, as in struct
 * bcd, of the one that answers; other writers' parts may not differ. *out stands in arena, and is
 * good while the bytes of answer are. Errors, all DOCUMENT: the answer does not parse, it lost
 * components, or a directed target in it cannot be read; then nothing of it counts. */
vsr_code bcd_answer_read(struct bcd_answer *out, struct arena *arena, struct view sent,
                         struct view answer, uint32_t writer, enum bcd_phase phase,
                         vsr_error *error);

#endif
