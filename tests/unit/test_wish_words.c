/* Questions about one's own dossiers without a code, and requests to be forgotten. */
#include "check.h"
#include "loa/wish_words.h"
#include <stdio.h>

static struct wish_words *words;

static int load(void **state)
{
    (void)state;
    struct errors *err = errors_new();
    enum loa_status st = wish_words_load(check_path("templates/chat"), err, &words);
    for (unsigned i = 0; i < err->count; i++)
        printf("%s: %s\n", err->item[i].pointer, err->item[i].detail);
    errors_free(err);
    return st == LOA_OK ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    wish_words_free(words);
    return 0;
}

static const struct {
    const char *text;
    enum dossier_wish want;
} dossier_cases[] = {
    { "ho so cua toi den dau r", DOSSIER_MINE },
    { "hồ sơ của tôi đến đâu rồi", DOSSIER_MINE },
    { "hs của em tới đâu r ạ", DOSSIER_MINE },
    { "bao giờ xong", DOSSIER_MINE },
    { "bao gio xong vay", DOSSIER_MINE },
    { "bh xong", DOSSIER_MINE },
    { "chừng nào có kết quả", DOSSIER_MINE },
    { "xong chưa ạ", DOSSIER_MINE },
    { "giấy tờ của tôi làm xong chưa", DOSSIER_MINE },
    { "hồ sơ làm hộ chiếu của tôi bao giờ xong", DOSSIER_MINE },
    { "tôi nộp từ tuần trước mà sao chưa có kết quả, đến đâu rồi", DOSSIER_MINE },
    { "Kiểm tra hồ sơ giúp tôi", DOSSIER_MINE },
    { "tra cứu hồ sơ", DOSSIER_MINE },
    { "xem tình trạng hồ sơ", DOSSIER_MINE },
    { "hồ sơ đã duyệt chưa", DOSSIER_MINE },
    { "theo dõi hồ sơ", DOSSIER_FOLLOW },
    { "bỏ theo dõi", DOSSIER_UNFOLLOW },
    { "hủy theo dõi hồ sơ giúp tôi", DOSSIER_UNFOLLOW },
    { "bo theo doi ho so", DOSSIER_UNFOLLOW },
    { "tra cứu hồ sơ ở đâu", DOSSIER_NOTHING },
    { "làm sao tra cứu hồ sơ của tôi", DOSSIER_NOTHING },
    { "đăng ký kết hôn bao giờ xong", DOSSIER_NOTHING },
    { "làm căn cước mất bao lâu", DOSSIER_NOTHING },
    { "khi nào có kết quả thi tốt nghiệp", DOSSIER_NOTHING },
    { "thủ tục khai sinh cần gì", DOSSIER_NOTHING },
    { "nộp hồ sơ ở đâu", DOSSIER_NOTHING },
    { "xóa hồ sơ của tôi", DOSSIER_NOTHING },
    { "theo dõi thai kỳ ở trạm y tế", DOSSIER_NOTHING },
    { "xin chào", DOSSIER_NOTHING },
    { "tài khoản bị trừ tiền mà trạng thái hồ sơ của tôi vẫn chưa thanh toán", DOSSIER_NOTHING },
    { "cảm ơn", DOSSIER_NOTHING },
    { "", DOSSIER_NOTHING },
};

static void test_dossier(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof dossier_cases / sizeof dossier_cases[0]; i++)
        check_int(dossier_cases[i].text, wish_about_dossier(words, dossier_cases[i].text),
                  dossier_cases[i].want);
}

static const struct {
    const char *text;
    bool want;
} erase_cases[] = {
    { "xoá dữ liệu của tôi", true },
    { "xóa dữ liệu của tôi", true },
    { "xoa du lieu cua toi", true },
    { "Xóa hết thông tin cá nhân của tôi khỏi hệ thống", true },
    { "tôi muốn xóa toàn bộ dữ liệu của mình trên này", true },
    { "đừng lưu thông tin của tôi nữa", true },
    { "tôi rút lại sự đồng ý", true },
    { "xóa tài khoản của em đi", true },
    { "xoá số điện thoại của tôi", true },
    { "xoá cuộc trò chuyện này", true },
    { "xóa đăng ký thường trú của tôi", false },
    { "xóa án tích", false },
    { "làm sao xóa thông tin của tôi", false },
    { "thông tin của tôi bị sai", false },
    { "xóa thế chấp sổ đỏ", false },
    { "xóa hồ sơ của tôi", false },
    { "xóa nợ thuế", false },
    { "xoá", false },
    { "", false },
};

static void test_erase(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof erase_cases / sizeof erase_cases[0]; i++)
        check_int(erase_cases[i].text, wish_to_be_erased(words, erase_cases[i].text), erase_cases[i].want);
}

static const struct {
    const char *text;
    bool want;
} keep_cases[] = {
    { "không", true },
    { "ko", true },
    { "Thôi", true },
    { "thôi không xoá nữa", true },
    { "đừng xóa dữ liệu của tôi", true },
    { "tôi đổi ý", true },
    { "thoi khong xoa nua", true },
    { "xóa đi", false },
    { "thôi xóa dữ liệu của tôi đi", false },
    { "không biết làm khai sinh ở đâu", false },
    { "", false },
};

static void test_keep(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof keep_cases / sizeof keep_cases[0]; i++)
        check_int(keep_cases[i].text, wish_to_keep(words, keep_cases[i].text), keep_cases[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_dossier), cmocka_unit_test(test_erase),
                                        cmocka_unit_test(test_keep) };
    return cmocka_run_group_tests(tests, load, unload);
}
