/* recover.h - what a process left at places when it ended in the middle of publishing.
 *
 * Everything that its intents name and no commit covers goes back: what is staged stands in staging
 * again, originals at their places, and publishing begins anew. Nothing is done twice blindly: each
 * name is compared with its intent first, and what is neither ours nor what was found there before
 * is somebody else's and is left alone. Control thread, between stage_probe() and stage_fill(). */
#ifndef DEST_RECOVER_H
#define DEST_RECOVER_H

#include "dest/publish.h"

struct recover {
    struct stage *stage;
    struct outcome_row *rows;
    bool synced; /* durability `unit`: what an intent names was on stable storage before it */
    bool ended;  /* that process ended by itself: what it had begun it has taken back */
};

/* Does the intent name a file or a directory of this plan that is laid out here? */
bool recover_knows(const struct stage *stage, const struct publish_intent *intent);

/* Take back one intent that recover_knows(); the last one of the journal first, each of them once
 * or several times. 0, or an errno: something of ours, or an original, could not be put where it
 * was; ESTALE: because somebody else's file stands there, or what ranges had covered has rotted.
 * What somebody did to a place after the process had taken it back (ended) is met by publishing.
 *
 * A tree stays at its place as it is if one of its files is not what was staged any more
 * (stage_stands()): ESTALE, and *theirs is that file, else MARK_NONE. To take back all of it would
 * take what is somebody's from where he looks for it, and to take back the rest alone would tear
 * it to pieces around him. What came into a tree under other names goes back with it, and is kept.
 * Its files are looked at where they must be whole alone: they were synced before, or the mount is
 * continuous (stage.h). Else what a power cut or a failed sync has left short may be ours: it is
 * made again, and what somebody changed is not told from it. */
int recover_intent(const struct recover *recover, const struct publish_intent *intent,
                   uint32_t *theirs);

/* A file's that was taken back by an earlier process, which a disk may have lost: where what was
 * staged stands at its place again, and what stood there in staging, or nobody, it is once more.
 * An original that stands in staging, and nobody at its place, goes there. 0, or an errno: it
 * stands in staging alone; ESTALE: and something else at its place. */
int recover_past(const struct recover *recover, const struct publish_intent *intent);

/* Does that errno say that somebody has changed what stands there, or the way to it? Any other one
 * may pass, and the same intent can be taken back then. */
bool recover_was_changed(int os_errno);

/* After all of them: directories that were changed get their times again. */
void recover_settle(const struct recover *recover);

#endif
