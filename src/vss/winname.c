/* winname.c - may a Windows volume hold this name? (contract, ruling 21)
 *
 * pack warns of names that it may not, a destination that obeys Windows refuses them. The
 * answer is about the name alone; whether it is taken already is not known here. */
#include "vss/winpath.h"

#include "base/limits.h"
#include "vss/wtf8.h"

/* Names of devices in every directory, whatever extension follows (Microsoft, "Naming Files,
 * Paths, and Namespaces"). COM0 and LPT0 are none: Windows makes such files. */
static const char *const devices[] = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"};
static const char *const ports[] = {"COM", "LPT"};
static const char *const port_numbers[] = {
    "1", "2", "3", "4", "5", "6", "7", "8", "9", "\xC2\xB9", "\xC2\xB2", "\xC2\xB3",
};

static bool is_device(struct view name)
{
    struct view stem = {name.p, view_find(name, '.')};
    while (stem.n > 0 && stem.p[stem.n - 1] == ' ') {
        stem.n--;
    }
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        if (view_equal_ascii(stem, view_of(devices[i]))) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        const struct view port = {stem.p, 3};
        if (stem.n < 4 || !view_equal_ascii(port, view_of(ports[i]))) {
            continue;
        }
        for (size_t k = 0; k < sizeof port_numbers / sizeof *port_numbers; k++) {
            if (view_equal(view_skip(stem, 3), view_of(port_numbers[k]))) {
                return true;
            }
        }
    }
    return false;
}

const char *win_name_fault(struct view name)
{
    if (name.n == 0) {
        return "it is empty";
    }
    if (view_equal(name, VIEW(".")) || view_equal(name, VIEW(".."))) {
        return "it stands for a directory";
    }
    if (name.n > WIN_NAME_BYTES_MAX || wtf8_count(name) > WIN_NAME_UNITS_MAX) {
        return "it is longer than 255 UTF-16 units";
    }
    for (size_t i = 0; i < name.n; i++) {
        const unsigned char c = (unsigned char)name.p[i];
        if (c < 0x20) {
            return "it holds a control character";
        }
        if (c < 0x80 && strchr("\\/:*?\"<>|", c) != NULL) {
            return "it holds one of \\ / : * ? \" < > |";
        }
    }
    if (name.p[name.n - 1] == '.' || name.p[name.n - 1] == ' ') {
        return "it ends with a dot or a blank";
    }
    return is_device(name) ? "it is the name of a device" : NULL;
}
