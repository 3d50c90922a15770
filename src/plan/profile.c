/* profile.c - the rules' table of writers as a table; each row is one of section 11.
 *
 * Units keep the document's order, by which they own files (ruling 8); their turn alone says in
 * which order a system state appears (3.6). */
#include "plan/profile.h"

#include "base/limits.h"
#include "plan/filetime.h"

/* clang-format off */
static const struct profile profiles[] = {
    {"afbab4a2-367d-4d15-a586-71dbb18f8485", "Registry", PROFILE_OFFLINE_ONLY,
     TURN_REGISTRY, METHOD_UNDEFINED,
     NULL,
     {"keep pending file renames and the keys of KeysNotToRestore of the machine as it was: merge "
      "them into the restored hives before it boots from them"}},
    {"f2436e37-09f5-41af-9b2a-4ca2435dbfd5", "Bootable State (XP)", PROFILE_OFFLINE_ONLY,
     TURN_REGISTRY, METHOD_UNDEFINED, NULL,
     {"keep pending file renames and the keys of KeysNotToRestore of the machine as it was: merge "
      "them into the restored hives before it boots from them"}},
    {"542da469-d3e1-473c-9f4f-7847f01fc64f", "COM+ REGDB", PROFILE_OFFLINE_ONLY,
     TURN_COM, METHOD_UNDEFINED,
     NULL,
     {"call ICOMAdminCatalog::RestoreREGDB on the restored machine: the files alone do not bring "
      "the catalogue back; it belongs to the registry of the same backup"}},
    {"b2014c9e-8711-4c5c-a5a9-3cf384484757", "NTDS", PROFILE_OFFLINE_ONLY | PROFILE_EXPIRES,
     TURN_DIRECTORY, METHOD_UNDEFINED, NULL,
     {"start the domain controller in Directory Services Restore Mode and let it recover the "
      "database; an authoritative restore is marked there, and not by laying down files"}},
    {"dd846aaa-a1b6-42a8-aaf8-03dcb6114bfd", "AD LDS", PROFILE_EXPIRES,
     TURN_FREE, METHOD_UNDEFINED, NULL,
     {"start the directory instance whose files these are; instances share one writer id and are "
      "told apart by their logical paths"}},
    {"d76f5a28-3092-4589-ba48-2958fb88ce29", "FRS", PROFILE_OFFLINE_ONLY | PROFILE_EXCLUDES_HOLD,
     TURN_SHARED, METHOD_CUSTOM,
     "stop FRS, copy the data by a private restore, set BurFlags to D2 (non-authoritative) or D4 "
     "(authoritative, with all partners off and reinitialised), start FRS",
     {"set BurFlags to D2 (non-authoritative) or D4 (authoritative) before FRS starts: a copy "
      "without the flag is wrong"}},
    {"2707761b-2324-473d-88eb-eb007a359533", "DFSR", PROFILE_OFFLINE_ONLY | PROFILE_EXCLUDES_HOLD,
     TURN_SHARED, METHOD_UNDEFINED, NULL,
     {"see in the registry which engine owns SYSVOL (state 3: DFSR), and choose an authoritative "
      "or a non-authoritative start before the service runs: a copy laid into a folder that "
      "replicates is overwritten by its partners, or spread to them"}},
    {"be000cbe-11fe-4426-9c58-531aa6355fc4", "ASR", PROFILE_OFFLINE_ONLY,
     TURN_BOOT, METHOD_UNDEFINED, NULL,
     {"the disks were not made anew: check the boot configuration against the volumes of this "
      "machine, by their GUIDs and not by disk numbers",
      "restore all critical volumes, and set the RestoredVolumes and LastInstance values of ASR"}},
    {"59b1f0cf-90ef-465f-9609-6ca8b2938366", "IIS metabase", 0, TURN_FREE, METHOD_UNDEFINED, NULL,
     {"restore the machine keys of the same backup with the metabase, or it cannot be read"}},
    {"2a40fd15-dfca-4aa8-a654-1f8c654603f6", "IIS configuration", 0,
     TURN_FREE, METHOD_UNDEFINED, NULL,
     {"machine.config and the root web.config belong to the System Writer: restore that, too"}},
    {"a65faa63-5ea8-4ebc-9dbd-a0c4db26912a", "SQL Server", 0,
     TURN_FREE, METHOD_RESTORE_IF_CAN_REPLACE, NULL,
     {"no SQL writer prepared the databases: start the instance, which recovers them, or attach "
      "those that were given new places; names of files must stay as they are",
      "master is restored only while the instance is stopped, and is not rolled forward"}},
    {"76fe1ac4-15f7-4bcd-987e-8e1acb462fb7", "Exchange", 0, TURN_FREE, METHOD_UNDEFINED, NULL,
     {"replay the logs (eseutil /r, or mount the database); logs of a redirected restore belong "
      "into _restoredLogs below the log directory; only an active copy of a database counts"}},
    {"66841cd4-6ded-4f4b-8f17-fd23f8ddc3de", "Hyper-V", 0, TURN_FREE, METHOD_UNDEFINED, NULL,
     {"remove or power off virtual machines of the same id before the restored ones are imported",
      "at another place than the backup's, mend the paths of virtual disks and link the "
      "configuration into the default place",
      "where a program plays its PreRestore, which powers off and deletes the machines: verify the "
      "set before the run, and take clustered machines offline"}},
    {"41e12264-35d8-479b-8e5c-9b23d1dad37e", "Cluster", PROFILE_OFFLINE_ONLY,
     TURN_SHARED, METHOD_UNDEFINED,
     NULL,
     {"the cluster's hive counts once all nodes are down; the quorum's state is restored apart, "
      "and shared disks are not made anew"}},
    {"e8132975-6f93-4464-a53e-1050253ae220", "System Writer", 0, TURN_BOOT, METHOD_UNDEFINED, NULL,
     {"set LastRestoreId where single binaries were restored, not where whole volumes were; short "
      "names and access lists that the target could not hold are listed as losses"}},
    {"4969d978-be47-48b0-b100-f328f07ac1e0", "BITS", PROFILE_EXCLUDES_HOLD,
     TURN_FREE, METHOD_UNDEFINED, NULL,
     {NULL}},
    {"368753ec-572e-4fc7-b4b9-ccd9bdc624cb", "TS Gateway", 0, TURN_FREE, METHOD_UNDEFINED, NULL,
     {"it counts only together with the registry of the same backup"}},
    {"5382579c-98df-47a7-ac6c-98a6d7106e09", "TermServLicensing", 0,
     TURN_FREE, METHOD_UNDEFINED, NULL,
     {"it counts only together with the registry of the same backup"}},
    {"6f5b15b5-da24-4d88-b737-63063e3a1f86", "Certificate Authority", 0,
     TURN_SHARED, METHOD_UNDEFINED, NULL, {NULL}},
    {NULL, "WFP", 0, TURN_FREE, METHOD_RESTORE_AT_REBOOT, NULL,
     {"set AllowProtectedRenames before the boot that replaces protected files; ntdll.dll, "
      "smss.exe, ctl3dv2.dll and dtcsetup.exe cannot be replaced that way"}},
};
/* clang-format on */

const struct profile *profile_of(const struct wmd *wmd)
{
    char id[UUID_TEXT_BYTES];
    if (wmd == NULL) {
        return NULL;
    }
    uuid_text(&wmd->writer_id, id);
    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
        if (profiles[i].id != NULL
                ? strcmp(profiles[i].id, id) == 0
                : view_equal_ascii(wmd->friendly_name, view_of(profiles[i].name))) {
            return &profiles[i];
        }
    }
    return NULL;
}

enum plan_turn profile_turn(const struct draft *draft, uint32_t unit)
{
    const struct profile *profile = profile_of(draft->units[unit].wmd);
    return profile == NULL || draft->input->choices->private_dir != NULL ? TURN_FREE
                                                                         : profile->turn;
}

bool profile_excludes_hold(const struct wmd *wmd)
{
    const struct profile *profile = profile_of(wmd);
    return profile != NULL && (profile->flags & PROFILE_EXCLUDES_HOLD) != 0;
}

uint32_t profile_never_restored(const struct profile_never **out)
{
    static const struct profile_never never[] = {
        {{"%ProgramData%\\Microsoft\\Windows\\DRM", 35}, /* licences bound to the machine */
         {"ProgramData\\Microsoft\\Windows\\DRM", 33}},
    };
    *out = never;
    return sizeof never / sizeof *never;
}

void profile_check(struct draft *draft, uint32_t unit)
{
    const struct draft_unit *u = &draft->units[unit];
    const struct profile *profile = profile_of(u->wmd);
    if (profile == NULL || draft->input->choices->private_dir != NULL) {
        return;
    }
    if (u->wmd->method == METHOD_CUSTOM && profile->procedure != NULL) {
        draft_refuse(draft, unit, REFUSAL_METHOD_CUSTOM, "6.2/2",
                     "%s has a restore procedure of its own (rules 11): %s", profile->name,
                     profile->procedure);
        draft->units[unit].verdict = VERDICT_CUSTOM;
        return;
    }
    if (draft->input->choices->tree == TREE_LIVE && (profile->flags & PROFILE_OFFLINE_ONLY) != 0) {
        draft_refuse(draft, unit, REFUSAL_METHOD_CUSTOM, "11",
                     "%s is never copied into a system that runs from it: restore it to an offline "
                     "tree, or privately",
                     profile->name);
    }
    if (profile->method != METHOD_UNDEFINED && u->wmd->method != profile->method) {
        draft_warn(draft,
                   "rules 11: %.*s declares %.*s, where %s must be; that is the writer's error",
                   VIEW_ARG(draft_unit_text(draft, unit)), VIEW_ARG(u->wmd->method_text),
                   vss_method_text(profile->method));
    }
}

/* "... expires ...", by what the backup's metadata hold. */
static struct view expiry_text(struct draft *draft, const struct draft_unit *unit)
{
    char when[FILETIME_TEXT_BYTES];
    if (filetime_of_metadata(unit->component->backup_metadata, when)) {
        return arena_printf(&draft->arena,
                            "this backup expires at %s: from then on nothing of it may be started, "
                            "for deleted objects would come back",
                            when);
    }
    return VIEW("the time at which this backup expires is not to be read in its metadata: nothing "
                "of it may be started once it is older than the tombstone lifetime (60 days)");
}

uint32_t profile_to_dos(struct draft *draft, uint32_t unit, struct view out[PROFILE_TO_DOS_MAX])
{
    const struct draft_unit *u = &draft->units[unit];
    const struct profile *profile = profile_of(u->wmd);
    uint32_t count = 0;
    if (u->wmd == NULL || (u->refusal != REFUSAL_NONE && u->verdict != VERDICT_CUSTOM) ||
        draft->input->choices->private_dir != NULL) {
        return 0;
    }
    if (profile != NULL && (profile->flags & PROFILE_EXPIRES) != 0) {
        out[count++] = expiry_text(draft, u);
    }
    for (uint32_t i = 0; profile != NULL && i < PROFILE_ACTIONS_MAX; i++) {
        if (profile->actions[i] != NULL) {
            out[count++] = view_of(profile->actions[i]);
        }
    }
    if (u->wmd->reboot_required) { /* rules 8.7 */
        out[count++] = VIEW("its writer asks for a restart of the machine");
    }
    return count;
}
