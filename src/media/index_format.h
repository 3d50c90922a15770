/* index_format.h - the records of index.bin as they lie on the media (FORMAT.md, section 3).
 *
 * Fixed little-endian layout without padding, used in place through a read-only mapping.
 * Nothing here may change without a new format number. */
#ifndef MEDIA_INDEX_FORMAT_H
#define MEDIA_INDEX_FORMAT_H

#include <assert.h>
#include <stdint.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "index.bin is used as it lies; this machine would need conversion"
#endif

#define INDEX_MAGIC  "VSRINDEX"
#define INDEX_FORMAT 1u

enum { INDEX_ALIGN_BYTES = 64, INDEX_HASH_BYTES = 16 };

enum index_section {
    SECTION_VOLUMES,
    SECTION_ENTRIES,
    SECTION_CHUNKS,
    SECTION_RANGES,
    SECTION_DESCRIPTORS,
    SECTION_BLOBS,
    SECTION_COUNT
};

struct index_section_place {
    uint64_t offset;       /* in index.bin, a multiple of 64 */
    uint64_t record_count; /* for blobs: bytes               */
    uint32_t record_bytes; /* sizeof the record; 1 for blobs */
    uint32_t reserved;
};

struct index_header {
    char magic[8];
    uint32_t format;
    uint32_t header_bytes; /* 512 */
    uint8_t set_uuid[16];
    uint64_t file_bytes; /* of index.bin, the hash at its end included */
    uint64_t reserved;
    struct index_section_place sections[SECTION_COUNT];
    uint8_t zero[320];
};
static_assert(sizeof(struct index_header) == 512, "index.bin's header is fixed");

struct index_volume {
    uint32_t root_entry;
    uint32_t prefix_bytes;  /* member prefix: "C", "Volume{...}", "UNC/server/share" */
    uint64_t prefix_offset; /* in blobs */
};
static_assert(sizeof(struct index_volume) == 16, "fixed");

enum index_kind {
    INDEX_DIRECTORY = 1,
    INDEX_FILE = 2,
    INDEX_SYMLINK = 3 /* link text in link_offset; junctions as the source showed them */
};

#define INDEX_SPARSE  0x01u /* ranges are the allocated ones; the rest of size is holes         */
#define INDEX_PARTIAL 0x02u /* ranges are the saved ones, in document order; member .vss-ranges  */
#define INDEX_RANGES_FILE                                                                          \
    0x04u /* a partial file's ranges file (rules 7.6)                          */
#define INDEX_UNPROTECTED                                                                          \
    0x08u                     /* belongs to no component: restored only when asked for            */
#define INDEX_HAS_BIRTH 0x10u /* birth_* are meaningful                                           */
#define INDEX_HAS_DOS   0x20u /* dos_attributes are meaningful                                    */
#define INDEX_CHANGED   0x40u /* changed while being read: what is stored is what was read        */
#define INDEX_LOST                                                                                 \
    0x80u /* could not be read to its end: zeros stand for the rest; counts as not on the media   */

struct index_entry {
    uint32_t parent; /* entry number; MARK_NONE for a volume's root         */
    uint32_t volume;
    uint64_t name_offset; /* in blobs; the root's name is empty                 */
    uint16_t name_bytes;
    uint8_t kind;  /* enum index_kind                                     */
    uint8_t flags; /* INDEX_...                                           */
    uint32_t mode; /* as st_mode                                          */
    uint64_t size; /* of the file's content, holes included; 0 for others */
    union {
        struct {
            uint64_t first_chunk;
            uint64_t first_range;
        } file;
        struct {
            uint32_t first_child; /* > this entry's number */
            uint32_t child_count;
            uint32_t first_directory; /* children from here on are directories */
            uint32_t reserved;
        } directory;
        struct {
            uint64_t offset; /* in blobs */
            uint64_t bytes;
        } link;
    };
    uint32_t chunk_count;
    uint32_t range_count;
    uint32_t link_group; /* hard links: the number of the first entry; MARK_NONE: one name */
    uint32_t descriptor; /* number of the security descriptor, or MARK_NONE */
    int64_t modify_s, access_s, change_s, birth_s;
    uint32_t modify_ns, access_ns, change_ns, birth_ns;
    uint32_t uid, gid;
    uint32_t dos_attributes;
    uint32_t attribute_bytes; /* extended attributes, in blobs */
    uint64_t attribute_offset;
    uint8_t xxh3_128[16]; /* canonical (big-endian) form; of the saved bytes */
    uint64_t reserved;    /* 0 */
};
static_assert(sizeof(struct index_entry) == 160, "fixed");

struct index_chunk {
    uint64_t frame_offset; /* in the pack */
    uint32_t pack;
    uint32_t frame_bytes; /* stored, header and checksum included */
    uint32_t frame_plain_bytes;
    uint32_t offset_in_frame;
    uint32_t length; /* > 0 */
    uint32_t reserved;
    uint64_t file_offset;
    uint64_t xxh3_64; /* seeded, see FORMAT.md */
};
static_assert(sizeof(struct index_chunk) == 48, "fixed");

struct index_range {
    uint64_t offset;
    uint64_t length;
};
static_assert(sizeof(struct index_range) == 16, "fixed");

struct index_descriptor {
    uint64_t offset; /* in blobs: the bytes, as the attribute's value  */
    uint32_t bytes;
    uint32_t attribute_bytes; /* name of the attribute, in front of the bytes */
};
static_assert(sizeof(struct index_descriptor) == 16, "fixed");

#endif
