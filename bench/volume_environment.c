/* volume_environment.c - the environment of a made server, for make_volume and index_corpus. */
#include "volume_environment.h"

#include "base/arena.h"

#include <string.h>

static const char *const usual_environment[] = {
    "SystemDrive=C:",
    "SystemRoot=C:\\Windows",
    "WinDir=C:\\Windows",
    "ProgramData=C:\\ProgramData",
    "ALLUSERSPROFILE=C:\\ProgramData",
    "ProgramFiles=C:\\Program Files",
    "ProgramFiles(x86)=C:\\Program Files (x86)",
    "ProgramW6432=C:\\Program Files",
    "CommonProgramFiles=C:\\Program Files\\Common Files",
    "CommonProgramFiles(x86)=C:\\Program Files (x86)\\Common Files",
    "Public=C:\\Users\\Public",
    "USERPROFILE=C:\\Users\\Administrator",
    "TEMP=C:\\Windows\\Temp",
    "TMP=C:\\Windows\\Temp",
};

static void environment_set(struct win_env *env, const char *assignment)
{
    const size_t equals = (size_t)(strchr(assignment, '=') - assignment);
    const struct view name = {assignment, equals};
    uint32_t at = 0;
    while (at < env->count && !win_fold_equal(env->names[at][0], name)) {
        at++;
    }
    env->names[at][0] = name;
    env->names[at][1] = view_of(assignment + equals + 1);
    env->count += at == env->count;
}

void volume_environment(struct win_env *env, struct arena *arena, const char *const *assignments,
                        uint32_t count)
{
    const size_t usual = sizeof usual_environment / sizeof *usual_environment;
    env->count = 0;
    env->names = arena_alloc(arena, usual + count, sizeof *env->names);
    for (size_t i = 0; i < usual; i++) {
        environment_set(env, usual_environment[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        environment_set(env, assignments[i]);
    }
}
