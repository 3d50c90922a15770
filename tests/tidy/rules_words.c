/* rules_words.c - words that speak of the place where the code is written, not of the product.
 *
 * Every text file of the tree is read. Words are compared without regard to case, and whole: a
 * word that begins or ends with a letter or digit does not match inside a longer one. */
#include "tidy.h"

#include <ctype.h>
#include <string.h>

static const struct {
    const char *word;
    const char *instead;
} words[] = {
    {"/work/", "a path of one machine: use the source root, the environment or an option"},
    {"/.library", "a path of one machine"},
    {"tool library", "speak of the product"},
    {"worktree", "speak of the product"},
    {"integrator", "speak of the product"},
    {"subagent", "speak of the product"},
    {"sub-agent", "speak of the product"},
    {"language model", "speak of the product"},
    {"ai assistant", "speak of the product"},
    {"ai-generated", "speak of the product"},
    {"claude", "speak of the product"},
    {"anthropic", "speak of the product"},
    {"openai", "speak of the product"},
    {"chatgpt", "speak of the product"},
    {"copilot", "speak of the product"},
    {"llm", "speak of the product"},
    {"llms", "speak of the product"},
    {"this session", "speak of the product"},
    {"next session", "speak of the product"},
    {"previous session", "speak of the product"},
    {"my task", "speak of the product"},
    {"your task", "speak of the product"},
    {"the task says", "speak of the product"},
    {"brief, section", "name what is in the tree, or give the reason itself"},
    {"as requested", "give the reason itself"},
    {"co-authored-by", "belongs into a commit, if anywhere"},
    {"fixme", "mend it, or TODO(name): what, and when"},
    {"xxx", "say it in words, or TODO(name): what, and when"},
};

/* Does line[i...] begin with the word, as a whole word? */
static bool word_at(const char *line, size_t n, size_t i, const char *word)
{
    const size_t word_bytes = strlen(word);
    if (i + word_bytes > n) {
        return false;
    }
    for (size_t k = 0; k < word_bytes; k++) {
        if (tolower((unsigned char)line[i + k]) != word[k]) {
            return false;
        }
    }
    const bool joined_left = i > 0 && text_word_byte(word[0]) && text_word_byte(line[i - 1]);
    const bool joined_right = i + word_bytes < n && text_word_byte(word[word_bytes - 1]) &&
                              text_word_byte(line[i + word_bytes]);
    return !joined_left && !joined_right;
}

/* "issue 12", "issues #12": a list that the reader of the product does not have. */
static bool issue_number_at(const char *line, size_t n, size_t i)
{
    if (!word_at(line, n, i, "issue") && !word_at(line, n, i, "issues")) {
        return false;
    }
    while (i < n && text_word_byte(line[i])) {
        i++;
    }
    while (i < n && (line[i] == ' ' || line[i] == '#')) {
        i++;
    }
    return i < n && isdigit((unsigned char)line[i]);
}

/* TODO is allowed with an owner: TODO(name). */
static bool ownerless_at(const char *line, size_t n, size_t i)
{
    return word_at(line, n, i, "todo") && line[i] == 'T' && line[i + 1] == 'O' &&
           !(i + 5 < n && line[i + 4] == '(' && text_word_byte(line[i + 5]));
}

static void words_line(struct tidy *tidy, const struct source *source, size_t number)
{
    size_t n = 0;
    const char *line = source_line(source, number, &n);
    for (size_t i = 0; i < n; i++) {
        for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
            if (word_at(line, n, i, words[w].word)) {
                tidy_find(tidy, source, number + 1, RULE_WORKPLACE_WORD, "\"%s\": %s",
                          words[w].word, words[w].instead);
            }
        }
        if (issue_number_at(line, n, i)) {
            tidy_find(tidy, source, number + 1, RULE_WORKPLACE_WORD,
                      "a number of an issue: give the reason itself");
        }
        if (ownerless_at(line, n, i)) {
            tidy_find(tidy, source, number + 1, RULE_WORKPLACE_WORD,
                      "TODO without an owner: TODO(name): what, and when");
        }
    }
}

void tidy_words(struct tidy *tidy, const struct source *source)
{
    if (strcmp(source->path, "tests/tidy/rules_words.c") == 0) {
        return; /* the table above */
    }
    for (size_t line = 0; line < source->line_count; line++) {
        words_line(tidy, source, line);
    }
}
