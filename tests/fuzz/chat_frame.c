/* Whatever comes from a page: a word says what is wrong, or every field keeps its promise. */
#include "loa/chat_frame.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void require(int truth)
{
    if (!truth)
        abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct chat_frame f;
    const char *wrong = chat_frame_read((const char *)data, size, &f);
    require(strlen(f.id) <= CHAT_FRAME_ID_MAX && strspn(f.id, "<>\"'& \n\r\\") == 0);
    if (wrong == NULL) {
        require(f.offset >= 0 && strlen(f.unit) <= CHAT_FRAME_UNIT_MAX);
        require(f.kind == FRAME_HELLO || f.kind == FRAME_TYPING || (f.id[0] != '\0' && f.text[0] != '\0'));
        require(f.kind != FRAME_RATE || (strlen(f.text) == 1 && f.text[0] >= '1' && f.text[0] <= '5'));
        require(f.kind != FRAME_TAP || strlen(f.text) <= CHAT_FRAME_PAYLOAD_MAX);
    }
    chat_frame_clear(&f);
    return 0;
}
