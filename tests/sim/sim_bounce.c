#include "sim_bounce.h"
#include "loa/calendar.h"
#include <stdio.h>
#include <string.h>

#define REPORTING_MTA "mail.sim.invalid"

static const struct {
    const char *status, *code, *words;
} reasons[] = {
    { "5.1.1", "550", "User unknown" },
    { "5.2.2", "552", "Mailbox full" },
    { "4.2.2", "452", "Mailbox full, given up after the queue lifetime" },
    { "5.7.26", "550", "Unauthenticated mail is not accepted" },
};

void sim_mail_date(int64_t wall_ms, char out[40])
{
    static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    struct local_time t = local_from_ms(wall_ms);

    snprintf(out, 40, "%s, %d %s %d %02d:%02d:%02d +0700", days[t.weekday - 1], t.day, months[t.month - 1],
             t.year, t.hour, t.minute, t.second);
}

static void find_reason(const char *status, const char **code, const char **words)
{
    *code = status[0] == '4' ? "451" : "550";
    *words = "Message refused";
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (strcmp(reasons[i].status, status) == 0) {
            *code = reasons[i].code;
            *words = reasons[i].words;
        }
    }
}

void sim_bounce_write(struct buf *out, const struct sim_bounce *b)
{
    const char *code, *words;
    char date[40], boundary[40];

    find_reason(b->status, &code, &words);
    sim_mail_date(b->now_ms, date);
    snprintf(boundary, sizeof boundary, "%08X.%lld/sim", b->number, (long long)(b->now_ms / 1000));

    buf_printf(out,
               "Return-Path: <>\r\nDate: %s\r\nFrom: MAILER-DAEMON@" REPORTING_MTA
               " (Mail Delivery System)\r\n"
               "Subject: Undelivered Mail Returned to Sender\r\nTo: %s\r\nAuto-Submitted: auto-replied\r\n"
               "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n"
               "\tboundary=\"%s\"\r\nMessage-Id: <%s@" REPORTING_MTA ">\r\n\r\n",
               date, b->mail_from, boundary, boundary);
    buf_printf(
        out,
        "--%s\r\nContent-Description: Notification\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
        "This is the mail system at host " REPORTING_MTA ".\r\n\r\n"
        "I'm sorry to have to inform you that your message could not\r\n"
        "be delivered to one or more recipients.\r\n\r\n<%s>: %s %s %s\r\n\r\n",
        boundary, b->recipient, code, b->status, words);
    buf_printf(out,
               "--%s\r\nContent-Description: Delivery report\r\nContent-Type: message/delivery-status\r\n\r\n"
               "Reporting-MTA: dns; " REPORTING_MTA "\r\nArrival-Date: %s\r\n\r\n"
               "Final-Recipient: rfc822; %s\r\nOriginal-Recipient: rfc822;%s\r\nAction: failed\r\n"
               "Status: %s\r\nDiagnostic-Code: smtp; %s %s %s\r\n\r\n",
               boundary, date, b->recipient, b->recipient, b->status, code, b->status, words);
    buf_printf(out,
               "--%s\r\nContent-Description: Undelivered Message Headers\r\n"
               "Content-Type: text/rfc822-headers\r\n\r\n%s\r\n--%s--\r\n",
               boundary, b->headers != NULL ? b->headers : "", boundary);
}
