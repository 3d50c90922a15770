/* recover.c - one intent taken back, by what stands at its two names now.
 *
 * A rename is one step, so each name holds what was staged, what stood at the place before,
 * nothing, or somebody else's. Which groups need it is not known here; files that cannot be found
 * in staging afterwards are made again. */
#include "dest/recover.h"

#include "base/limits.h"
#include "base/own.h"
#include "dest/publish_step.h"
#include "dest/recover_tree.h"
#include "dest/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

bool recover_knows(const struct stage *stage, const struct publish_intent *intent)
{
    const struct plan *plan = stage->plan;
    if (intent->file != MARK_NONE) {
        return intent->file < plan->file_count && stage_is_staged(stage, intent->file) &&
               plan->files[intent->file].kind != KIND_DIRECTORY;
    }
    if (intent->tree >= plan->directory_count) {
        return false;
    }
    const uint32_t tree = stage->directory_tree[intent->tree];
    return tree != MARK_NONE &&
           (intent->folder != 0 || stage->trees[tree].directory == intent->tree);
}

/* Is it the entry of the intent? A device may be called otherwise since the system has booted. */
static bool recover_is(const struct stage_mount *mount, const struct publish_identity *intended,
                       const struct publish_identity *now)
{
    return intended->present && now->present && intended->inode == now->inode &&
           (intended->device == now->device ||
            (intended->device == mount->device_before && now->device == mount->device));
}

/* And as it was: so that a number that was given to another file since is told apart. */
static bool recover_is_as(const struct stage_mount *mount, const struct publish_identity *intended,
                          const struct publish_identity *now)
{
    return recover_is(mount, intended, now) && intended->size == now->size &&
           intended->modify_s == now->modify_s && intended->modify_ns == now->modify_ns;
}

/* Nobody writes to what is staged, but a cut may have left less of it than was written. */
static bool recover_is_staged(const struct stage_mount *mount, const struct publish_intent *intent,
                              const struct publish_identity *now)
{
    struct publish_identity intended = intent->staged;
    intended.size = mount->continuous ? intended.size : now->size;
    return recover_is_as(mount, &intended, now);
}

/* --- files --- */

struct recover_file { /* who stands where */
    const struct stage_mount *mount;
    struct step_ends ends;
    struct publish_identity staged, old, place;
    bool had;   /* something stood at the place before */
    bool ended; /* of struct recover */
};

/* What was staged stands at the place. */
static int file_take_back(const struct recover_file *f, const struct publish_intent *intent)
{
    const struct step_ends *e = &f->ends;
    const struct publish_inode ours = {f->place.device, f->place.inode};
    bool moved;
    if (!f->had && recover_is_staged(f->mount, intent, &f->staged)) { /* a link, no move yet */
        return unlinkat(e->place_fd, e->place, 0) == 0 ? 0 : errno;
    }
    if (f->had && recover_is(f->mount, &intent->at_place, &f->staged)) {
        return publish_step_swap_back(e, &ours);
    }
    if (f->had && recover_is(f->mount, &intent->at_place, &f->old)) {
        const int ignored = linkat(e->place_fd, e->place, e->staged_fd, e->staged, 0);
        (void)ignored; /* or it is made again */
        return renameat(e->staged_fd, e->old, e->place_fd, e->place) == 0 ? 0 : errno;
    }
    if (f->had && f->staged.present) { /* somebody was faster than the exchange: his goes back */
        const int fault = publish_step_swap_back(e, &ours);
        return fault == 0 ? ESTALE : fault;
    }
    if (f->had) {
        return 0; /* the original went with a commit that is not counted: ours is replaced again */
    }
    return publish_step_move(&f->mount->abilities, e->place_fd, e->place, e->staged_fd, e->staged,
                             &moved);
}

/* What was staged does not stand at the place. */
static int file_put_back(const struct recover_file *f, const struct publish_intent *intent)
{
    const struct step_ends *e = &f->ends;
    const bool in_staging = f->had && recover_is(f->mount, &intent->at_place, &f->staged);
    const bool beside = f->had && recover_is(f->mount, &intent->at_place, &f->old);
    const bool stands = f->had && recover_is(f->mount, &intent->at_place, &f->place);
    bool moved;
    if (stands) {
        if (beside) {
            (void)unlinkat(e->staged_fd, e->old, 0); /* a second name of it */
        }
        return 0;
    }
    if ((in_staging || beside) && !f->place.present) { /* ours was removed by somebody */
        return publish_step_move(&f->mount->abilities, e->staged_fd,
                                 in_staging ? e->staged : e->old, e->place_fd, e->place, &moved);
    }
    const bool lost = f->had && (!f->ended || in_staging || beside);
    return lost ? ESTALE : 0; /* what came where nothing was is met by publishing */
}

/* An undo file that is not whole says that nothing had been written, if the base is as it was. Else
 * it has rotted, and is kept: it is all that is left of what was covered. */
static int ranges_untouched(const struct recover_file *f, const struct publish_intent *intent)
{
    const struct publish_identity *before = &intent->at_place, *now = &f->place;
    return before->size == now->size && before->modify_s == now->modify_s &&
                   before->modify_ns == now->modify_ns
               ? 0
               : ESTALE;
}

/* The base is not there to be synced: what was put back into it may be lost, if it is found again,
 * and is kept as an undo file. */
static int ranges_away(const struct recover *r, const struct publish_intent *intent)
{
    const int undo_fd = r->stage->options.undo_fd;
    const int fault = undo_settle(undo_fd, intent->file, -1, false);
    return fault != 0 ? fault : undo_exists(undo_fd, intent->file) ? ESTALE : 0;
}

/* The base stands at its place. */
static int ranges_here(const struct recover *r, const struct recover_file *f,
                       const struct publish_intent *intent)
{
    const int undo_fd = r->stage->options.undo_fd;
    OWN(fd)
    fd = openat(f->ends.place_fd, f->ends.place, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    const int denied = fd < 0 ? errno : 0;
    int fault = 0;
    if (denied == 0 || !f->mount->continuous) {
        fault = undo_settle(undo_fd, intent->file, fd, f->mount->continuous);
    }
    if (fault != 0 && f->mount->continuous) { /* nor is it known what else that was to cover */
        publish_sync_failed(r->stage, stage_file_mount(r->stage, intent->file), fault);
    }
    if (fault != 0) {
        return fault;
    }
    if (denied != 0) {
        return undo_exists(undo_fd, intent->file) ? denied : 0;
    }
    fault = undo_put_back(undo_fd, intent->file, fd);
    if (fault == EBADMSG) {
        fault = ranges_untouched(f, intent);
    }
    if (fault == 0) {
        undo_remove(undo_fd, intent->file);
    }
    return fault == ENOENT ? 0 : fault;
}

/* The next process may not know that something was cut: so it is noted whatever becomes of it. */
static int recover_ranges(const struct recover *r, struct publication *p,
                          const struct publish_intent *intent)
{
    const struct stage *stage = r->stage;
    struct recover_file f = {.mount = &stage->mounts[stage_file_mount(stage, intent->file)],
                             .had = intent->at_place.present};
    const int opened = publish_step_open(p, intent->file, &f.ends);
    if (opened == 0) {
        f.place = publish_identify(f.ends.place_fd, f.ends.place);
        const int fault = recover_is(f.mount, &intent->at_place, &f.place)
                              ? ranges_here(r, &f, intent)
                              : ranges_away(r, intent);
        publish_step_close(&f.ends);
        publish_touch(p, stage->plan->files[intent->file].directory);
        return fault;
    }
    if (recover_was_changed(opened)) {
        /* without the staging folder nobody knows whether the run ended elsewhere, from a copy of
         * its folder, and what came into the file since */
        const int away = ranges_away(r, intent);
        return away != 0 || opened == ENOENT ? away : opened;
    }
    const int unsettled =
        f.mount->continuous ? 0 : undo_settle(stage->options.undo_fd, intent->file, -1, false);
    return unsettled != 0 ? unsettled : opened;
}

/* Nothing of it is staged any more: the folder went with a commit that is not counted, or was lost.
 * What stands at the place is replaced again; where nothing was, ours goes. */
static int recover_unstaged(const struct recover *r, struct publication *p,
                            const struct publish_intent *intent)
{
    const struct stage *stage = r->stage;
    const struct stage_mount *mount = &stage->mounts[stage_file_mount(stage, intent->file)];
    char name[WIN_NAME_BYTES_MAX + 1];
    if (!stage_final_name(stage, intent->file, name)) {
        return EINVAL;
    }
    OWN(fd) fd = publish_open_parent(stage, stage->plan->files[intent->file].directory);
    if (fd < 0) {
        return fd == -ENOENT && (!intent->at_place.present || r->ended) ? 0 : -fd;
    }
    publish_touch(p, stage->plan->files[intent->file].directory);
    const struct publish_identity now = publish_identify(fd, name);
    if (recover_is_staged(mount, intent, &now)) {
        return intent->at_place.present || unlinkat(fd, name, 0) == 0 ? 0 : errno;
    }
    const bool stands = recover_is(mount, &intent->at_place, &now);
    return !intent->at_place.present || stands || r->ended ? 0 : ESTALE;
}

static int recover_file(const struct recover *r, struct publication *p,
                        const struct publish_intent *intent)
{
    const struct stage *stage = r->stage;
    struct recover_file f = {.mount = &stage->mounts[stage_file_mount(stage, intent->file)],
                             .had = intent->at_place.present,
                             .ended = r->ended};
    const int opened = publish_step_open(p, intent->file, &f.ends);
    if (opened != 0) {
        return opened == ENOENT ? recover_unstaged(r, p, intent) : opened;
    }
    f.staged = publish_identify(f.ends.staged_fd, f.ends.staged);
    f.old = publish_identify(f.ends.staged_fd, f.ends.old);
    f.place = publish_identify(f.ends.place_fd, f.ends.place);
    const int fault = recover_is_staged(f.mount, intent, &f.place) ? file_take_back(&f, intent)
                                                                   : file_put_back(&f, intent);
    publish_step_close(&f.ends);
    publish_touch(p, stage->plan->files[intent->file].directory);
    return fault;
}

/* --- what was taken back long ago --- */

/* Both ends are open. What was staged may be where it would be, had it never been taken back. */
static int past_file(const struct recover_file *f, const struct publish_intent *intent, bool away)
{
    if (recover_is_staged(f->mount, intent, &f->place) && (f->had ? away : !f->staged.present)) {
        return file_take_back(f, intent);
    }
    return away ? file_put_back(f, intent) : 0;
}

/* Several boots may lie between, in each of which the device was called otherwise; but it is the
 * one that staging is on, now as then. */
static struct publish_intent past_known(const struct stage_mount *mount,
                                        const struct publish_intent *intent)
{
    struct publish_intent known = *intent;
    known.staged.device = mount->device;
    known.at_place.device = mount->device;
    return known;
}

static int past_take_back(const struct recover *r, struct publication *p,
                          const struct publish_intent *intent)
{
    const struct stage *stage = r->stage;
    struct recover_file f = {.mount = &stage->mounts[stage_file_mount(stage, intent->file)],
                             .had = intent->at_place.present};
    const struct publish_intent known = past_known(f.mount, intent);
    const int unopened = publish_step_open_staged(p, intent->file, &f.ends);
    if (unopened != 0) { /* nothing is staged there, or nobody can tell */
        return unopened == ENOENT ? 0 : unopened;
    }
    int fault = publish_step_open_place(p, intent->file, &f.ends);
    f.staged = publish_identify(f.ends.staged_fd, f.ends.staged);
    f.old = publish_identify(f.ends.staged_fd, f.ends.old);
    const bool away = f.had && (recover_is_as(f.mount, &known.at_place, &f.staged) ||
                                recover_is_as(f.mount, &known.at_place, &f.old));
    if (fault == 0) {
        f.place = publish_identify(f.ends.place_fd, f.ends.place);
        fault = past_file(&f, &known, away);
        publish_touch(p, stage->plan->files[intent->file].directory);
    } else if (!away) {
        fault = 0; /* nothing of anybody's is staged there */
    }
    publish_step_close(&f.ends);
    return fault;
}

/* --- directories --- */

static int recover_name(const struct stage *stage, uint32_t directory, char *name)
{
    const struct view text = plan_text(stage->plan, stage->plan->directories[directory].name);
    if (!root_name_is_plain(text) || text.n > WIN_NAME_BYTES_MAX) {
        return EINVAL;
    }
    memcpy(name, text.p, text.n);
    name[text.n] = '\0';
    return 0;
}

/* It stays at its place: what was opened is closed again, and its parent gets its times. */
static int tree_is_left(struct publication *p, uint32_t tree, int fault)
{
    (void)publish_tree_finish(p, tree);
    publish_touch(p, p->stage->plan->directories[p->stage->trees[tree].directory].parent);
    return fault;
}

static int recover_tree(const struct recover *r, struct publication *p,
                        const struct publish_intent *intent, uint32_t *theirs)
{
    const struct stage *stage = r->stage;
    const uint32_t tree = stage->directory_tree[intent->tree];
    const struct stage_mount *mount = &stage->mounts[stage->trees[tree].mount];
    const struct plan_directory *d = &stage->plan->directories[intent->tree];
    char place[WIN_NAME_BYTES_MAX + 1];
    int fault = recover_name(stage, intent->tree, place);
    OWN(fd) fd = fault != 0 ? -1 : publish_open_parent(stage, d->parent);
    if (fault != 0 || fd < 0) {
        return fault != 0 ? fault : -fd;
    }
    const struct publish_identity now = publish_identify(fd, place);
    if (!recover_is(mount, &intent->staged, &now)) {
        publish_touch(p, d->parent);
        return 0;
    }
    for (uint32_t i = p->layout->tree_first[tree]; i < p->layout->tree_first[tree + 1]; i++) {
        p->layout->needed[p->layout->tree_directories[i]] = 1;
    }
    publish_tree_reopen(p, tree);
    fault = mount->continuous || r->synced ? recover_tree_look(r->stage, tree, theirs) : 0;
    fault = fault == 0 ? publish_tree_rename(p, tree, true) : fault;
    return fault == 0 ? 0 : tree_is_left(p, tree, fault);
}

/* Made by us while a tree was merged; what holds something of somebody, or is used by somebody,
 * stays. */
static int recover_folder(const struct recover *r, struct publication *p,
                          const struct publish_intent *intent)
{
    const struct plan_directory *d = &r->stage->plan->directories[intent->tree];
    char place[WIN_NAME_BYTES_MAX + 1];
    const int fault = recover_name(r->stage, intent->tree, place);
    OWN(fd) fd = fault != 0 ? -1 : publish_open_parent(r->stage, d->parent);
    if (fault != 0 || fd < 0) {
        return fault != 0 ? fault : -fd;
    }
    publish_touch(p, d->parent);
    return unlinkat(fd, place, AT_REMOVEDIR) == 0 || errno == EBUSY ? 0 : errno;
}

/* --- all --- */

/* Folders behind FUSE are synced whatever the run asked for: what was taken back is not intended
 * any more, and must not be in the middle again. Also where nothing is left to do: who did it may
 * have been killed before he synced. */
static struct publication recover_publication(const struct recover *r)
{
    return (struct publication){
        .stage = r->stage,
        .layout = stage_layout_of(r->stage),
        .durability = DURABILITY_END,
        .rows = r->rows,
        .policy = meta_policy_now(r->stage->options.owner),
    };
}

int recover_intent(const struct recover *r, const struct publish_intent *intent, uint32_t *theirs)
{
    struct publication p = recover_publication(r);
    *theirs = MARK_NONE;
    if (intent->file == MARK_NONE) {
        return intent->folder != 0 ? recover_folder(r, &p, intent)
                                   : recover_tree(r, &p, intent, theirs);
    }
    return intent->in_place != 0 ? recover_ranges(r, &p, intent) : recover_file(r, &p, intent);
}

int recover_past(const struct recover *r, const struct publish_intent *intent)
{
    struct publication p = recover_publication(r);
    return intent->file != MARK_NONE && intent->in_place == 0 ? past_take_back(r, &p, intent) : 0;
}

bool recover_was_changed(int os_errno)
{
    switch (os_errno) {
    case ESTALE:
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case EEXIST:
    case ENOTEMPTY:
        return true;
    default:
        return false;
    }
}

void recover_settle(const struct recover *r)
{
    struct publication p = recover_publication(r);
    struct stage_layout *layout = p.layout;
    for (uint32_t i = layout->touched_count; i-- > 0;) {
        struct stage_anchor *anchor = &layout->anchors[layout->touched[i]];
        publish_settle_place(&p, anchor->directory, anchor->made);
        anchor->touched = false;
    }
    layout->touched_count = 0;
}
