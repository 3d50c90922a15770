/* publish_step.c - a staged file put at its place by one rename, and taken back again.
 *
 * A rename is the only thing that makes a file seen. Files that exist are exchanged, so that
 * the old one is kept in staging until the unit has committed. The order of steps, syncs and
 * journal records is publish.c's. */
#include "dest/publish_step.h"
#include "dest/undo.h"

#include "base/limits.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

int publish_open_parent(const struct stage *stage, uint32_t directory)
{
    const struct stage_layout *layout = stage_layout_read(stage);
    const uint32_t at = layout->directory_anchor[directory];
    struct dest_identity now;
    OWN(fd) fd = stage_open_place(stage, directory, O_PATH | O_DIRECTORY);
    if (fd < 0) {
        return fd;
    }
    if (at != MARK_NONE) {
        const struct stage_anchor *anchor = &layout->anchors[at];
        const int fault = root_identify(fd, &now);
        if (fault != 0) {
            return fault;
        }
        if (now.device != anchor->device || now.inode != anchor->inode ||
            now.mount_id != anchor->mount_id) {
            return -ESTALE;
        }
    }
    return take_fd(&fd);
}

static struct publish_inode step_inode(const struct publish_identity *identity)
{
    return (struct publish_inode){identity->device, identity->present ? identity->inode : 0};
}

static bool step_inode_is(const struct publish_inode *known, const struct publish_identity *now)
{
    return now->present ? now->device == known->device && now->inode == known->inode
                        : known->inode == 0;
}

static bool step_is(const struct publish_inode *known, int fd, const char *name)
{
    const struct publish_identity now = publish_identify(fd, name);
    return step_inode_is(known, &now);
}

/* Is what stands there the original that the step found? What ranges were laid over must not
 * have changed since, either: the clone has its old bytes. */
static bool step_is_original(const struct publication *p, const struct publish_step *step, int fd,
                             const char *name)
{
    const struct stage_base *base = stage_base_of(p->stage, step->file);
    const struct publish_identity now = publish_identify(fd, name);
    return step_inode_is(&step->at_place, &now) &&
           (base == NULL || publish_identity_equal(&now, &base->identity));
}

void publish_step_close(struct step_ends *ends)
{
    own_fd_drop(&ends->staged_fd);
    own_fd_drop(&ends->place_fd);
}

int publish_step_open_staged(const struct publication *p, uint32_t file, struct step_ends *ends)
{
    char path[STAGE_PATH_BYTES_MAX];
    struct stage_where where = {.key = STAGE_KEY_NONE, .path = path, .name = ends->staged};
    *ends = (struct step_ends){.staged_fd = -1, .place_fd = -1};
    if (!stage_place(p->stage, file, &where) || !stage_final_name(p->stage, file, ends->place)) {
        return EINVAL;
    }
    (void)snprintf(ends->old, sizeof ends->old, "%.*s.old", (int)WIN_NAME_BYTES_MAX, ends->staged);
    ends->staged_fd = root_openat(where.base_fd, path, O_PATH | O_DIRECTORY, 0);
    return ends->staged_fd < 0 ? -ends->staged_fd : 0;
}

int publish_step_open_place(const struct publication *p, uint32_t file, struct step_ends *ends)
{
    ends->place_fd = publish_open_parent(p->stage, p->stage->plan->files[file].directory);
    return ends->place_fd < 0 ? -ends->place_fd : 0;
}

int publish_step_open(const struct publication *p, uint32_t file, struct step_ends *ends)
{
    int fault = publish_step_open_staged(p, file, ends);
    if (fault == 0) {
        fault = publish_step_open_place(p, file, ends);
    }
    if (fault != 0) {
        publish_step_close(ends);
    }
    return fault;
}

int publish_step_move(const struct dest_abilities *abilities, int from_fd, const char *from,
                      int to_fd, const char *to, bool *moved)
{
    *moved = false;
    if (abilities->rename_noreplace) {
        *moved = renameat2(from_fd, from, to_fd, to, RENAME_NOREPLACE) == 0;
        return *moved ? 0 : errno;
    }
    if (!abilities->hard_links) {
        return EOPNOTSUPP;
    }
    if (linkat(from_fd, from, to_fd, to, 0) != 0) {
        return errno;
    }
    *moved = true;
    return unlinkat(from_fd, from, 0) == 0 ? 0 : errno;
}

/* What is replaced must be of the same sort - a regular file, or a link for a link - and the one
 * of the intent; anything else was put there by somebody else, and is left alone. */
static int step_may_replace(const struct publication *p, const struct publish_step *step,
                            const struct step_ends *ends)
{
    const bool link = p->stage->plan->files[step->file].kind == KIND_REPARSE;
    struct stat facts;
    if (fstatat(ends->place_fd, ends->place, &facts, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno;
    }
    if (!S_ISREG(facts.st_mode) && !(link && S_ISLNK(facts.st_mode))) {
        return S_ISDIR(facts.st_mode) ? EISDIR : S_ISLNK(facts.st_mode) ? ELOOP : EINVAL;
    }
    return step_is_original(p, step, ends->place_fd, ends->place) ? 0 : ESTALE;
}

static int step_swap(const struct step_ends *ends)
{
    return renameat2(ends->staged_fd, ends->staged, ends->place_fd, ends->place, RENAME_EXCHANGE) ==
                   0
               ? 0
               : errno;
}

int publish_step_swap_back(const struct step_ends *ends, const struct publish_inode *ours)
{
    const int fault = step_swap(ends);
    if (fault != 0 || step_is(ours, ends->staged_fd, ends->staged)) {
        return fault;
    }
    (void)step_swap(ends); /* if it cannot go back, it stays in staging */
    return ESTALE;
}

static int step_exchange(const struct publication *p, struct publish_step *step,
                         const struct step_ends *ends)
{
    int fault = step_swap(ends);
    if (fault != 0) {
        return fault;
    }
    if (step_is_original(p, step, ends->staged_fd, ends->staged)) {
        step->how = STEP_EXCHANGED;
        return 0;
    }
    /* somebody was faster: his file goes back, ours is not seen */
    fault = publish_step_swap_back(ends, &step->staged);
    if (fault != 0 && fault != ESTALE) {
        step->how = STEP_EXCHANGED; /* undo will try again, and count it if it cannot */
    }
    return ESTALE;
}

static int step_lay_over(const struct publication *p, struct publish_step *step,
                         const struct step_ends *ends)
{
    if (linkat(ends->place_fd, ends->place, ends->staged_fd, ends->old, 0) != 0) {
        return errno;
    }
    if (!step_is_original(p, step, ends->staged_fd, ends->old)) {
        (void)unlinkat(ends->staged_fd, ends->old, 0);
        return ESTALE;
    }
    if (renameat(ends->staged_fd, ends->staged, ends->place_fd, ends->place) != 0) {
        const int fault = errno;
        (void)unlinkat(ends->staged_fd, ends->old, 0);
        return fault;
    }
    step->how = STEP_LAID_OVER;
    return 0;
}

static int step_rename(struct publication *p, struct publish_step *step,
                       const struct step_ends *ends)
{
    const struct stage *stage = p->stage;
    const struct dest_abilities *abilities =
        &stage->mounts[stage_file_mount(stage, step->file)].abilities;
    const struct stage_base *base = stage_base_of(stage, step->file);
    const bool replace = base != NULL ? base->identity.present
                                      : stage->plan->files[step->file].action == ACTION_REPLACE &&
                                            step->at_place.inode != 0;
    if (!replace) {
        bool moved;
        const int fault = publish_step_move(abilities, ends->staged_fd, ends->staged,
                                            ends->place_fd, ends->place, &moved);
        step->how = moved ? STEP_CREATED : STEP_NOT_DONE;
        return fault;
    }
    const int fault = step_may_replace(p, step, ends);
    if (fault != 0) {
        return fault;
    }
    if (base != NULL && stage_is_in_place(stage, base)) {
        return publish_patch(p, step, ends);
    }
    if (abilities->rename_exchange) {
        return step_exchange(p, step, ends);
    }
    return abilities->hard_links ? step_lay_over(p, step, ends) : EOPNOTSUPP;
}

void publish_step_examine(const struct publication *p, struct publish_step *step,
                          struct publish_intent *intent)
{
    const struct stage *stage = p->stage;
    const struct stage_base *base = stage_base_of(stage, step->file);
    struct publish_identity staged = {.present = false}, at_place = {.present = false};
    struct step_ends ends;
    step->fault = publish_step_open(p, step->file, &ends);
    if (step->fault == 0) {
        staged = publish_identify(ends.staged_fd, ends.staged);
        at_place = publish_identify(ends.place_fd, ends.place);
        publish_step_close(&ends);
    }
    if (base != NULL) {
        at_place = base->identity; /* what was cloned: another one fails when it is replaced */
    }
    step->staged = step_inode(&staged);
    step->at_place = step_inode(&at_place);
    if (intent != NULL) {
        *intent = (struct publish_intent){
            .unit = stage->plan->files[step->file].unit,
            .file = step->file,
            .tree = MARK_NONE,
            .mount = stage_file_mount(stage, step->file),
            .in_place = base != NULL && stage_is_in_place(stage, base),
            .staged = staged,
            .at_place = at_place,
        };
    }
}

void publish_touch(struct publication *p, uint32_t directory)
{
    struct stage_layout *layout = p->layout;
    const uint32_t at = layout->directory_anchor[directory];
    if (at != MARK_NONE && !layout->anchors[at].touched) {
        layout->anchors[at].touched = true;
        layout->touched[layout->touched_count++] = at;
    }
}

/* Why no intent knows it: it was not there then, or could not be looked at. */
static int step_unknown(const struct publish_step *step)
{
    const int fault = step->fault;
    const bool away = fault == ENOENT || fault == ENOTDIR || fault == ELOOP || fault == EXDEV;
    return fault == 0 || away ? ESTALE : fault;
}

int publish_step_carry_out(struct publication *p, struct publish_step *step)
{
    struct step_ends ends;
    int fault = publish_step_open(p, step->file, &ends);
    if (fault == 0) { /* what its intent does not know would be nobody's after a kill */
        fault = step->staged.inode != 0 ? step_rename(p, step, &ends) : step_unknown(step);
        publish_step_close(&ends);
    }
    publish_touch(p, p->stage->plan->files[step->file].directory);
    return fault;
}

/* A link that could not be turned into a move has left the file at its staged name, too. */
static int step_uncreate(const struct dest_abilities *abilities, const struct publish_step *step,
                         const struct step_ends *ends)
{
    bool moved;
    if (step->staged.inode != 0 && step_is(&step->staged, ends->staged_fd, ends->staged)) {
        return unlinkat(ends->place_fd, ends->place, 0) == 0 ? 0 : errno;
    }
    return publish_step_move(abilities, ends->place_fd, ends->place, ends->staged_fd, ends->staged,
                             &moved);
}

static int step_take_back(struct publication *p, const struct publish_step *step,
                          const struct step_ends *ends)
{
    const struct dest_abilities *abilities =
        &p->stage->mounts[stage_file_mount(p->stage, step->file)].abilities;
    if (step->how == STEP_WRITTEN) {
        return publish_patch_undo(p, step, ends);
    }
    if (!step_is(&step->staged, ends->place_fd, ends->place)) {
        return ESTALE; /* what stands there now is not ours to take away */
    }
    switch (step->how) {
    case STEP_CREATED:
        return step_uncreate(abilities, step, ends);
    case STEP_EXCHANGED:
        return publish_step_swap_back(ends, &step->staged);
    case STEP_LAID_OVER:
        return renameat(ends->staged_fd, ends->old, ends->place_fd, ends->place) == 0 ? 0 : errno;
    case STEP_WRITTEN:
    case STEP_NOT_DONE:
        break;
    }
    return 0;
}

int publish_step_undo(struct publication *p, struct publish_step *step)
{
    struct step_ends ends;
    if (step->how == STEP_NOT_DONE) {
        return 0;
    }
    int fault = publish_step_open(p, step->file, &ends);
    if (fault == 0) {
        fault = step_take_back(p, step, &ends);
        publish_step_close(&ends);
    }
    publish_touch(p, p->stage->plan->files[step->file].directory);
    if (fault == 0) {
        step->how = STEP_NOT_DONE;
    }
    return fault;
}

void publish_step_forget_old(struct publication *p, const struct publish_step *step)
{
    struct step_ends ends;
    if (step->how == STEP_NOT_DONE || step->how == STEP_CREATED) {
        return;
    }
    if (step->how == STEP_WRITTEN) {
        undo_remove(p->stage->options.undo_fd, step->file);
    }
    if (publish_step_open(p, step->file, &ends) == 0) {
        (void)unlinkat(ends.staged_fd, step->how == STEP_LAID_OVER ? ends.old : ends.staged, 0);
        publish_step_close(&ends);
    }
}
