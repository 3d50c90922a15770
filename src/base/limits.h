/* limits.h - every bound of the project, with its reason. A number from outside is held
 * against one of these before it sizes, indexes or loops. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include <assert.h>
#include <stdint.h>

/* Arenas: the first block fits a small document; doubling stops where waste would show. */
#define ARENA_BLOCK_BYTES_MIN ((size_t)16 << 10)
#define ARENA_BLOCK_BYTES_MAX ((size_t)8 << 20)

/* Documents. The largest real one seen is 2.1 MB with 18,995 file lists; these leave two
 * orders of magnitude, and keep a hostile one from eating the machine. */
#define DOCUMENT_BYTES_MAX          ((size_t)256 << 20)
#define DOCUMENT_DEPTH_MAX          32
#define DOCUMENT_ELEMENTS_MAX       4000000u
#define DOCUMENT_ATTRIBUTES_MAX     64u /* on one element; the richest known has 12 */
#define DOCUMENT_VALUE_BYTES_MAX    ((size_t)16 << 20) /* one attribute; SQL's metadata is 11 KB */
#define DOCUMENT_ATTRIBUTES_ALL_MAX 16000000u /* of all elements: 512 MB of tree at the worst */
#define DOCUMENT_NAMESPACES_MAX     16u       /* real documents have one, and none            */
#define DOCUMENT_WRITERS_MAX        4096u     /* parts of one BCD: each looks at each WMD   */
#define DOCUMENT_FILES_MAX          1024u     /* of one backup; a machine has some 60 writers */
#define DOCUMENT_WARNINGS_MAX       1000u     /* kept; the rest are counted                   */

/* Elements of a component's logical path; Exchange's have 4. Each costs a look-up. */
#define LOGICAL_PATH_DEPTH_MAX 256u

/* Windows names: NTFS's limits. WTF-8 needs at most 3 bytes for a UTF-16 unit. */
#define WIN_NAME_UNITS_MAX 255u
#define WIN_NAME_BYTES_MAX (3u * WIN_NAME_UNITS_MAX)
#define WIN_PATH_UNITS_MAX 32767u
#define WIN_PATH_BYTES_MAX (3u * WIN_PATH_UNITS_MAX)
#define WIN_PATH_DEPTH_MAX 4096u /* more elements than a 32,767-unit path can usefully have */

/* Media. Small members share a frame; a large one is cut in pieces of a frame each.
 * Measured best at 1 MiB for large files, 256 KiB for small ones. */
#define FRAME_PLAIN_BYTES_MAX  ((uint32_t)1 << 20)
#define FRAME_SHARED_BYTES     ((uint32_t)256 << 10) /* a shared frame is closed at this size */
#define MEMBER_SMALL_BYTES_MAX ((uint32_t)768 << 10) /* header, data and padding together     */
/* header 15 + block size 4 + block + its checksum 4 + end mark 4 + checksum 4; LZ4 keeps what it
 * cannot shrink */
#define FRAME_STORED_BYTES_MAX (FRAME_PLAIN_BYTES_MAX + 31u)
static_assert(FRAME_SHARED_BYTES + MEMBER_SMALL_BYTES_MAX <= FRAME_PLAIN_BYTES_MAX,
              "a small member always fits the frame that is open");
#define PACK_BYTES_TARGET  ((uint64_t)4 << 30)  /* a new pack is begun at the next member */
#define PACK_COUNT_MAX     250000u              /* a PiB, each at its target */
#define SET_ENTRIES_MAX    UINT32_C(0xFFFFFFF0) /* 32-bit entry numbers, some kept for marks */
#define INDEX_BYTES_MAX    ((uint64_t)1 << 40)  /* 3 billion entries; keeps sums below 64 bits */
#define SET_JSON_BYTES_MAX ((size_t)64 << 20)
#define FILE_BYTES_MAX     ((uint64_t)INT64_MAX)
#define SET_VOLUMES_MAX    1024u  /* letters, GUIDs and shares of one machine; dozens are many */
#define SET_MOUNTS_MAX     4096u  /* folders where they are mounted, of all of them together */
#define SET_DOCUMENTS_MAX  65536u /* one for each writer and one more; a machine has dozens */
/* %NAME%s with a value, each compared with all: Windows' own table has 32,767 characters. */
#define SET_ENVIRONMENT_MAX 4096u
/* Values of set.json, which are known before a tree of them is made: four for a pack or a document,
 * nine for a volume, and some. */
#define SET_JSON_VALUES_MAX                                                                        \
    (4u * (PACK_COUNT_MAX + SET_DOCUMENTS_MAX) + 9u * SET_VOLUMES_MAX + SET_MOUNTS_MAX +           \
     SET_ENVIRONMENT_MAX + 64u)
/* Faults that `verify` lists one by one; a set with more is lost, and memory is bounded. */
#define CHECK_FINDINGS_MAX 100000u
/* Allocated ranges of a file with holes: tar's blocks, in which GNU tar counts sparse data. */
#define SPARSE_ALIGN_BYTES 512u
/* Linux: XATTR_NAME_MAX; a name must come back as a C string. */
#define ATTRIBUTE_NAME_BYTES_MAX 255u
/* A set with more files is inspected without a plan of it, which takes 100 bytes a file. */
#define INSPECT_PLANNED_FILES_MAX 2000000u
/* A trailer is cut in skippable frames of this size: their length is 32 bits on the media. */
#define TRAILER_PIECE_BYTES ((uint32_t)1 << 30)
/* Reading and hashing a file whole, by windows that stay in the processor's cache. */
#define PART_WINDOW_BYTES ((size_t)256 << 10)
/* The same by somebody's functions, which may ask a server each time. */
#define STORE_WINDOW_BYTES ((size_t)1 << 20)

/* A record of a plan in JSON lines: a million ranges of 60 characters. */
#define PLAN_LINE_BYTES_MAX ((size_t)64 << 20)
#define PLAN_CHOICES_MAX    1000000u /* options of one call, and components of one unit */

/* Plans of other front ends. A block of an LZ4 frame is at most 4 MiB by its format, and leans on
 * the 64 KiB before it; one without a frame is decoded in one call, and held in memory as a whole
 * (stored, it is no longer than LZ4_COMPRESSBOUND says). */
#define FOREIGN_FRAME_BLOCK_BYTES_MAX ((uint32_t)4 << 20)
#define FOREIGN_HISTORY_BYTES         ((uint32_t)64 << 10)
#define FOREIGN_BLOCK_BYTES_MAX       ((uint32_t)16 << 20)
#define FOREIGN_BLOCK_STORED_MAX      (FOREIGN_BLOCK_BYTES_MAX + FOREIGN_BLOCK_BYTES_MAX / 255 + 16)
/* What is read at a time of that which is stored as it is. */
#define FOREIGN_READ_BYTES ((uint32_t)1 << 20)
/* The file itself: two hundred million records would take the memory of a machine. */
#define FOREIGN_RECORDS_MAX 200000000u

/* Sets of one chain: an incremental one an hour for a year, and a bound for parents that go in a
 * circle. */
#define CHAIN_STEPS_MAX 8784u

/* Packing. */
#define NOT_TO_BACKUP_BYTES_MAX ((size_t)4 << 20) /* a registry key's text; real ones have 4 KB */
#define SOURCE_SPECS_MAX        SET_VOLUMES_MAX   /* --volume options; a machine has dozens */
#define DIR_CHAIN_FDS_MAX       48u /* open directories of one walk: as deep as real trees are */
#define DIR_CHAIN_FDS_MIN       3u  /* the root, one above, the last */
#define DIR_CHAIN_FDS_BESIDE    3u  /* a listing, a file, one to spare */
#define FILE_RANGES_MAX         ((uint32_t)1 << 20) /* of a file with holes: 16 MiB of the index */
#define RANGES_FILE_BYTES_MAX   ((size_t)64 << 20)  /* four million ranges of one partial file */
#define PACK_FRAMES_PER_WORKER  4u /* in flight: one read, one encoded, two to wait in order */

/* Reading what an earlier run left: a summary has some 400 bytes a unit; a row two paths, which
 * JSON writes with at most 6 bytes for one, and once more in base64. */
#define RUN_SUMMARY_BYTES_MAX ((size_t)256 << 20)
#define RUN_ROW_BYTES_MAX     ((size_t)2 << 20)
/* What is bad of a salvaged file: some 40 bytes for each second piece of a TiB. */
#define SALVAGE_LIST_BYTES_MAX ((size_t)64 << 20)

/* Programs that play writers and services. */
#define PROGRAM_LINE_BYTES_MAX 1000u /* of the message of one that failed; a sentence or two */
#define WRITER_TRIES_MAX       4u    /* calls in all when it asks to be called again (ruling 40) */
#define WRITER_LIMIT_S_DEFAULT 600u
#define WRITER_LIMIT_S_MAX     (7u * 24 * 3600) /* keeps nanoseconds far from 64 bits */

/* Engine. */
#define WORKERS_MAX     256u
#define QUEUE_DEPTH_MAX 256u
#define MARK_NONE       UINT32_MAX /* "no such entry" in every 32-bit index */

/* What a running system has in use, as its kernel lists it: a busy machine has a million files
 * open and a few thousand locks. */
#define IN_USE_FILES_MAX      ((size_t)16 << 20)
#define IN_USE_LIST_BYTES_MAX ((size_t)64 << 20)

/* Epochs of a run's marks: one a second, for 68 years; the next one is a number, too, and not 0. */
#define EPOCH_MAX (UINT32_MAX / 2)

/* One record of a journal: a pending move names a path of WIN_PATH_BYTES_MAX. */
#define JOURNAL_PAYLOAD_BYTES_MAX ((uint32_t)128 << 10)
static_assert(WIN_PATH_BYTES_MAX + 4096u <= JOURNAL_PAYLOAD_BYTES_MAX, "a path fits a record");
/* Folders of this name on a volume are our own: what is staged, and what waits for a boot. Neither
 * packed nor restored: one that came from media would be carried out. */
#define OWN_FOLDER_PREFIX ".vssrestore-"

/* What waits for one boot: ten million files of one volume. */
#define PENDING_JOURNAL_BYTES_MAX ((size_t)4 << 30)
#define PENDING_FOLDERS_MAX       4096u /* of one call: runs times volumes */

/* Retries of one read or write that ends short, EINTR or EAGAIN, before it is an error. */
#define IO_RETRIES_MAX 64

#endif
