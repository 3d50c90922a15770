/* salvage_list.c - whose a list is, and its sums. Anybody may have written it: of what else it says
 * nothing is used. */
#include "run/salvage_list.h"

#include <jansson.h>
#include <string.h>

static uint64_t list_number(const json_t *object, const char *key)
{
    const json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (uint64_t)value : 0;
}

bool salvage_list_read(struct view text, const struct uuid *run, uint32_t file, uint64_t *readable,
                       uint64_t *bad)
{
    char of_this[UUID_TEXT_BYTES];
    json_error_t fail;
    json_t *list = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &fail);
    const char *of_run = json_string_value(json_object_get(list, "run"));
    const json_t *ranges = json_object_get(list, "bad");
    uuid_text(run, of_this);
    const bool ours =
        of_run != NULL && strcmp(of_run, of_this) == 0 && list_number(list, "file") == file;
    *readable = ours ? list_number(list, "readable") : 0;
    *bad = 0;
    for (size_t i = 0; ours && i < json_array_size(ranges); i++) {
        *bad += list_number(json_array_get(ranges, i), "length");
    }
    json_decref(list);
    return ours;
}
