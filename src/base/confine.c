/* confine.c - Landlock rules for the calling thread. Without Landlock the confined door
 * (dest/root.h) stands alone. */
#include "base/confine.h"

#include <linux/landlock.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (UINT64_C(1) << 13) /* ABI 2, Linux 5.19 */
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (UINT64_C(1) << 14) /* ABI 3, Linux 6.2 */
#endif

/* All that changes a tree. Reading is not restricted. */
static uint64_t confine_rights(long abi)
{
    uint64_t rights =
        LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
        LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
        LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
        LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
    rights |= abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0;
    rights |= abi >= 3 ? LANDLOCK_ACCESS_FS_TRUNCATE : 0;
    return rights;
}

/* Below its folders: files, links to them, symbolic links; or folders. */
static uint64_t confine_allowed(uint64_t rights, enum confine_to what)
{
    static const uint64_t allowed[] = {
        [CONFINE_TO_FILES] = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                             LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SYM |
                             LANDLOCK_ACCESS_FS_REFER | LANDLOCK_ACCESS_FS_TRUNCATE,
        [CONFINE_TO_FOLDERS] = LANDLOCK_ACCESS_FS_MAKE_DIR,
    };
    return rights & allowed[what];
}

bool confine_thread(const struct confine_limits *limits)
{
    static const struct confine_limits nothing = {0};
    limits = limits != NULL ? limits : &nothing;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return false;
    }
    const long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 2 && !(abi == 1 && limits->count == 0)) {
        return false; /* without REFER nothing could be linked from folder to folder */
    }
    const uint64_t rights = confine_rights(abi);
    const struct landlock_ruleset_attr attributes = {.handled_access_fs = rights};
    const int ruleset =
        (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    if (ruleset < 0) {
        return false;
    }
    bool complete = true;
    for (uint32_t i = 0; i < limits->count; i++) {
        const struct landlock_path_beneath_attr below = {
            .allowed_access = confine_allowed(rights, limits->what),
            .parent_fd = limits->folder_fds[i],
        };
        complete = complete && syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
                                       &below, 0) == 0;
    }
    const bool confined = complete && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    (void)close(ruleset);
    return confined;
}
