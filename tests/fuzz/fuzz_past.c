/* fuzz_past.c - the run folder of a run that has ended, written by anybody: what a run after it
 * takes from there (run/past_run.h), the page that is made of it, and a salvaged file's list.
 *
 * Goal: refused, or nothing but text and numbers comes of it; whatever it says, the page is whole,
 * and no text of it is markup. Method: run.json, summary.json, report.jsonl and profile.json, a NUL
 * behind each; what is behind the last one's is such a list. One that is empty is not there. */
#include "fuzz.h"
#include "fuzz_folder.h"
#include "fuzz_json.h"

#include "run/past_run.h"
#include "run/run_page.h"
#include "run/salvage_list.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const char *path;
static int folder_fd = -1;

void fuzz_prepare(void)
{
    fuzz_json_never_fails();
    path = fuzz_folder_make();
    folder_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    VSR_REQUIRE(folder_fd >= 0);
}

static void put(const char *name, struct view *rest)
{
    const struct view text = {rest->p, view_find(*rest, '\0')};
    *rest = view_skip(*rest, text.n < rest->n ? text.n + 1 : text.n);
    if (text.n > 0) {
        fuzz_folder_put(folder_fd, name, text);
    } else {
        (void)unlinkat(folder_fd, name, 0);
    }
}

/* As in the file's name. */
static const struct uuid of_run = {{1, 2, 3, 4, 5, 6, 0x47, 8, 0x89, 10, 11, 12, 13, 14, 15, 16}};

static uint64_t list_number(struct view text)
{
    uint64_t readable = 0, bad = 0, sum = 1;
    const bool ours = salvage_list_read(text, &of_run, 3, &readable, &bad);
    VSR_REQUIRE(ours || (readable == 0 && bad == 0));
    fuzz_add_number(&sum, readable);
    fuzz_add_number(&sum, bad);
    return sum;
}

static uint64_t earlier_number(void)
{
    struct earlier earlier = {0};
    vsr_error error = {0};
    uint64_t sum = 1;
    const vsr_code rc = past_run_read(&earlier, path, true, &error);
    VSR_REQUIRE(rc == VSR_OK || rc == VSR_ERR_SELECTION || rc == VSR_ERR_MEMORY);
    if (rc != VSR_OK) {
        sum = fuzz_refused(rc, &error);
    } else {
        VSR_REQUIRE(earlier.set_count == 1 && earlier_has_set(&earlier, &earlier.sets[0]));
        for (uint32_t i = 0; i < earlier.unit_count; i++) {
            fuzz_add_text(&sum, earlier.units[i].full_name);
            fuzz_add_text(&sum, earlier.units[i].verdict);
            fuzz_add_number(&sum, earlier.units[i].whole);
        }
        for (uint32_t i = 0; i < earlier.root_count; i++) {
            fuzz_add_text(&sum, earlier.roots[i].spec);
            fuzz_add_text(&sum, earlier.roots[i].path);
        }
        fuzz_add_number(&sum, earlier.place_count);
    }
    earlier_free(&earlier);
    return sum;
}

/* Elements that a text would bring into it if it were not escaped. */
static bool is_clean(struct view text)
{
    for (size_t i = 0; i < text.n; i++) {
        const struct view rest = view_skip(text, i);
        if (view_starts(rest, VIEW("<fuzz")) || rest.p[0] == '\x1B' || rest.p[0] == '\0') {
            return false;
        }
    }
    return true;
}

static uint64_t page_number(void)
{
    struct page page;
    struct buffer out = {0};
    vsr_error error = {0};
    uint64_t sum = 1;
    const vsr_code rc = run_page_read(&page, path, &error);
    VSR_REQUIRE(rc == VSR_OK || rc == VSR_ERR_SELECTION || rc == VSR_ERR_MEMORY);
    if (rc == VSR_OK) {
        page_render(&page, &out);
        VSR_REQUIRE(is_clean(buffer_view(&out)));
        fuzz_add_text(&sum, buffer_view(&out));
    } else {
        sum = fuzz_refused(rc, &error);
    }
    buffer_free(&out);
    arena_free(&page.arena);
    return sum;
}

uint64_t fuzz_target(const uint8_t *data, size_t size)
{
    struct view rest = {(const char *)data, size};
    fuzz_plenty(true);
    put("run.json", &rest);
    put("summary.json", &rest);
    put("report.jsonl", &rest);
    put("profile.json", &rest);
    const struct view list = fuzz_copy(rest.p, rest.n);
    fuzz_plenty(false);
    const uint64_t parts[3] = {earlier_number(), page_number(), list_number(list)};
    free((void *)(uintptr_t)list.p);
    return parts[0] == FUZZ_NO_MEMORY || parts[1] == FUZZ_NO_MEMORY
               ? FUZZ_NO_MEMORY
               : hash_bytes(parts, sizeof parts) | 1;
}
