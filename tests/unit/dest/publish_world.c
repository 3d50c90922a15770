/* publish_world.c - folders and sets made for one case, and gone after it. */
#include "vsr_test.h"

#include "publish_world.h"

#include "media_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static uint32_t unit_by_last_letter(const char *path)
{
    const size_t n = strlen(path);
    return n > 0 && path[n - 1] == 'b';
}

static const struct fixture_file files[] = {
    {.path = "old/1a", .content = {"first of a", 10}},
    {.path = "old/1b", .content = {"first of b", 10}},
    {.path = "old/2a", .content = {"second of a", 11}},
    {.path = "old/2b", .content = {"second of b", 11}},
    {.path = "tree/sub a/1a", .content = {"in tree a", 9}, .modify_s = 5},
    {.path = "tree/sub b", .kind = FIXTURE_DIRECTORY, .modify_s = 99},
    {.path = "tree/sub b/1b", .content = {"in tree b", 9}},
    {.path = "tree/1a", .content = {"top a", 5}},
    {.path = "tree/1b", .content = {"top b", 5}},
};

void file_put(const struct world *w, const char *name, const char *text)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", w->dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_not_equal(fputs(text, file), EOF);
    (void)fclose(file);
}

const char *file_get(const struct world *w, const char *name)
{
    static char text[256];
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", w->dir, name);
    const int fd = open(path, O_RDONLY | O_NOFOLLOW);
    if (fd < 0) {
        return "-";
    }
    const ssize_t n = read(fd, text, sizeof text - 1);
    text[n > 0 ? n : 0] = '\0';
    (void)close(fd);
    return text;
}

struct world *world_create(const struct fixture_file *of_set, size_t count)
{
    struct world *w = calloc(1, sizeof *w);
    fixture_folder(w->folder);
    (void)snprintf(w->set_path, sizeof w->set_path, "%s/set", w->folder);
    (void)snprintf(w->dir, sizeof w->dir, "%s/dest", w->folder);
    assert_int_equal(mkdir(w->dir, 0755), 0);
    fixture_write(w->set_path, &(struct fixture){.files = of_set, .file_count = (uint32_t)count});
    return w;
}

int world_open(void **state)
{
    *state = world_create(files, COUNT_OF(files));
    return 0;
}

int world_close(void **state)
{
    struct world *w = *state;
    if (w->plan != NULL) {
        restore_free(&w->r);
        plan_fixture_free(w->plan);
        set_close(&w->set);
    }
    fixture_remove(w->folder);
    free(w);
    return 0;
}

void world_make_old(struct world *w)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/old", w->dir);
    assert_int_equal(mkdir(path, 0755), 0);
    file_put(w, "old/1a", "was a");
    file_put(w, "old/1b", "was b");
}

void world_plan(struct world *w)
{
    vsr_error error = {0};
    assert_int_equal(set_open(&w->set, w->set_path, &error), VSR_OK);
    assert_int_equal(set_open_packs(&w->set, true, &error), VSR_OK);
    w->plan = plan_fixture_create(&w->set, w->dir, 2, unit_by_last_letter);
    w->r = (struct restore){.set = &w->set,
                            .plan = w->plan,
                            .ring = RING_SYNC,
                            .workers = 2,
                            .durability = DURABILITY_UNIT};
}

enum outcome world_outcome(const struct world *w, const char *path)
{
    return (enum outcome)w->r.rows[restore_file(&w->r, path)].outcome;
}

vsr_code told_intents(void *context, uint32_t group, const struct publish_intent *intents,
                      uint32_t count, bool more, vsr_error *error)
{
    struct told *told = context;
    (void)group;
    told->parts += more;
    for (uint32_t i = 0; i < count; i++) {
        assert_true(intents[i].staged.present);
    }
    told->intents += count;
    if (told->break_sync != NULL) {
        told->break_sync->mounts[0].sync_errno = ENOSPC;
    }
    if (told->between != NULL && strcmp(file_get(told->between, "old/1a"), "-") != 0) {
        file_put(told->between, "old/1b", "somebody's");
    }
    return told->fail == VSR_OK ? VSR_OK : err_set(error, told->fail, "test", "no space");
}

vsr_code told_commit(void *context, uint32_t group, vsr_error *error)
{
    struct told *told = context;
    char path[256], away[256];
    (void)group;
    told->commits++;
    if (told->spoil != NULL) {
        (void)snprintf(path, sizeof path, "%s/old/1b", told->spoil->dir);
        (void)snprintf(away, sizeof away, "%s/moved away", told->spoil->folder);
        assert_int_equal(rename(path, away), 0); /* so that its inode is not used again */
        file_put(told->spoil, "old/1b", "somebody else's");
    }
    if (told->enter != NULL) {
        file_put(told->enter, told->entered != NULL ? told->entered : "tree/sub a/theirs",
                 "somebody's");
    }
    return told->fail_commit == VSR_OK ? VSR_OK
                                       : err_set(error, told->fail_commit, "test", "no space");
}
