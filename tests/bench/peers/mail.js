// COUNT mails through nodemailer's pool.   node mail.js SMTP_PORT COUNT CONNECTIONS   prints {"seconds":…}
import nodemailer from 'nodemailer';

const [, , port, count, connections] = process.argv.map(Number);
const pool = nodemailer.createTransport({
    host: '127.0.0.1', port, pool: true, maxConnections: connections, maxMessages: Infinity, ignoreTLS: true,
});
const text = 'Kính gửi Ông/Bà Nguyễn Thị Hoàng Anh,\n\nHồ sơ H27.18.01-260101-0000001 đã được tiếp nhận. '
    + 'Kết quả sẽ có theo ngày hẹn. Ông/Bà chưa cần làm gì.\n\nTrung tâm Phục vụ hành chính công';
const mail = i => pool.sendMail({
    from: '"Trung tâm Phục vụ hành chính công" <no-reply@hcc.example.vn>', to: `dan${i}@example.vn`,
    subject: 'Hồ sơ đã được tiếp nhận', text, html: `<p>${text.replaceAll('\n', '<br>')}</p>`,
});
await mail(0);
const begun = process.hrtime.bigint();
await Promise.all(Array.from({ length: count }, (_, i) => mail(i + 1)));
console.log(JSON.stringify({ seconds: Number(process.hrtime.bigint() - begun) / 1e9 }));
pool.close();
