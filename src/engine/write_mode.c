/* write_mode.c - one choice for each mount, from the budget and from what probing found.
 *
 * Decided once a mount; a single file whose O_DIRECT write is refused all the same goes on without
 * (stage_write.c). Writes nothing itself. */
#include "engine/write_mode.h"

#include "base/bug.h"

enum write_mode write_mode_of(const struct budget *budget, const struct dest_abilities *abilities)
{
    return budget->direct_write && abilities->direct_write       ? WRITE_DIRECT
           : budget->uncached_write && abilities->uncached_write ? WRITE_UNCACHED
                                                                 : WRITE_BUFFERED;
}

const char *write_mode_text(enum write_mode mode)
{
    static const char *const texts[] = {
        [WRITE_AUTO] = "auto",
        [WRITE_DIRECT] = "direct",
        [WRITE_BUFFERED] = "buffered",
        [WRITE_UNCACHED] = "uncached",
    };
    VSR_REQUIRE((size_t)mode < sizeof texts / sizeof *texts);
    return texts[mode];
}

static const char *write_mode_lack(enum write_mode mode, const struct dest_abilities *abilities)
{
    return mode == WRITE_UNCACHED     ? "its file system, or this kernel, has no RWF_DONTCACHE"
           : abilities->memory_backed ? "it is memory itself, with no device behind the page cache"
           : abilities->is_fuse       ? "its file system is FUSE"
                                      : "its file system does not take O_DIRECT";
}

vsr_code write_mode_check(const struct budget *budget, const struct stage *stage, vsr_error *error)
{
    const enum write_mode mode = budget->write_mode;
    for (uint32_t m = 0; m < stage->mount_count; m++) {
        const struct stage_mount *mount = &stage->mounts[m];
        if (mode == WRITE_AUTO || write_mode_of(budget, &mount->abilities) == mode) {
            continue;
        }
        return err_set(error, VSR_ERR_USAGE, "engine/write_mode",
                       "--write-mode %s was asked for, but %.*s cannot be written so: %s; "
                       "--write-mode auto takes the best that each destination can",
                       write_mode_text(mode),
                       VIEW_ARG(plan_text(stage->plan, stage->plan->roots[mount->root].dir)),
                       write_mode_lack(mode, &mount->abilities));
    }
    return VSR_OK;
}
