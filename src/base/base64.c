/* base64.c - six bits a digit into bytes. Padding is wanted, and nothing else is passed over. */
#include "base/base64.h"

#include <string.h>

bool base64_decode(struct view text, struct buffer *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    unsigned count = 0;
    size_t end = text.n;
    while (end > 0 && text.n - end < 2 && text.p[end - 1] == '=') {
        end--;
    }
    for (size_t i = 0; i < end; i++) {
        const char *digit = text.p[i] != '\0' ? strchr(digits, text.p[i]) : NULL;
        if (digit == NULL) {
            return false;
        }
        bits = bits << 6 | (uint32_t)(digit - digits);
        count += 6;
        if (count >= 8) {
            count -= 8;
            const char byte = (char)(bits >> count & 0xff);
            if (byte == '\0') {
                return false;
            }
            buffer_add_char(out, byte);
        }
    }
    return text.n % 4 == 0;
}
