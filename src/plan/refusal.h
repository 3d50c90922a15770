/* refusal.h - why a unit is not restored: the error names of the contract, section 6. */
#ifndef PLAN_REFUSAL_H
#define PLAN_REFUSAL_H

/* One line a name; the order is the contract's. */
#define REFUSALS(X)                                                                                \
    X(DOCUMENT_INVALID)                                                                            \
    X(DOCUMENT_UNKNOWN_WORD)                                                                       \
    X(WRITER_DOCUMENT_MISSING)                                                                     \
    X(COMPONENT_NOT_IN_BACKUP)                                                                     \
    X(NOT_RESTORABLE_ALONE)                                                                        \
    X(METHOD_UNDEFINED)                                                                            \
    X(METHOD_CUSTOM)                                                                               \
    X(MAPPING_MISSING)                                                                             \
    X(MAPPING_BLOCKED)                                                                             \
    X(PRESENT)                                                                                     \
    X(NOT_REPLACEABLE)                                                                             \
    X(TARGET_UNDEFINED)                                                                            \
    X(NEW_TARGET_UNSUPPORTED)                                                                      \
    X(NEW_TARGET_UNKNOWN_FILE_SET)                                                                 \
    X(TARGET_CONFLICT)                                                                             \
    X(DIRECTED_RANGES_INVALID)                                                                     \
    X(RANGES_INVALID)                                                                              \
    X(RANGES_FILE_MISSING)                                                                         \
    X(BASE_MISSING)                                                                                \
    X(FILE_MISSING_ON_MEDIA)                                                                       \
    X(DESTINATION_CONFLICT)                                                                        \
    X(NAME_UNREPRESENTABLE)                                                                        \
    X(CASE_COLLISION)                                                                              \
    X(VOLUME_UNMAPPED)                                                                             \
    X(ENVIRONMENT_UNKNOWN)                                                                         \
    X(SERVICE_STOP_FAILED)                                                                         \
    X(WRITER_VETO)                                                                                 \
    X(DEPENDENCY_MISSING)                                                                          \
    X(BACKUP_FAILED)                                                                               \
    X(CHAIN_INVALID)                                                                               \
    X(MOUNT_IN_PLACE)                                                                              \
    X(DESTINATION_CHANGED)                                                                         \
    X(NO_SPACE)

enum refusal {
    REFUSAL_NONE = 0,
#define X(name) REFUSAL_##name,
    REFUSALS(X)
#undef X
        REFUSAL_COUNT
};

/* "NOT_REPLACEABLE"; NULL for REFUSAL_NONE. Static. */
const char *refusal_text(enum refusal refusal);

#endif
