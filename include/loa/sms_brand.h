/*
 * sms_brand - which registered sender name (tên định danh) a unit's SMS carries.
 *
 * <channels_dir>/sms/brandnames.tsv, when there is one: unit <TAB> brandname. A unit without a row of its own
 * uses its parent's: H29.15.3, H29.15, H29. Else the brandname of the configuration.
 * Source: Decree 91/2020/NĐ-CP Art. 23: at most 11 Latin letters, digits, - _ . and space, not digits alone.
 */
#ifndef LOA_SMS_BRAND_H
#define LOA_SMS_BRAND_H

#include "loa/errors.h"
#include <stdbool.h>

struct sms_brands;
/* A missing table is an empty one. LOA_INVALID with faults as file:line. */
enum loa_status sms_brands_load(const char *dir, struct errors *err, struct sms_brands **out);
void sms_brands_free(struct sms_brands *b);
const char *sms_brand_of(const struct sms_brands *b, const char *unit, const char *fallback);
bool sms_brand_valid(const char *brand);

#endif
