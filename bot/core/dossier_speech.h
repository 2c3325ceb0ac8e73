/*
 * dossier_speech - a dossier code as people say it, brought near the printed form: "hát hai bảy chấm không
 * một gạch …", "h 27.01 - 25O901 - 0007" become "h27.01-250901-0007". Only for dossier_code.c.
 */
#ifndef LOA_DOSSIER_SPEECH_H
#define LOA_DOSSIER_SPEECH_H

#include "loa/buf.h"

/* Appends lower-case ASCII letters, digits, '.', '-', '/', '?' for what cannot be part of a code, and blanks
 * where two groups stand side by side. */
void dossier_speech(const char *text, size_t len, struct buf *out);

#endif
