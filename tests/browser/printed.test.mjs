// The paper forms as a printer gets them: every field in its order, nothing clipped, no stray page.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import './ending.mjs';
import { promisify } from 'node:util';
import { accessible, api, desk } from './desk.mjs';

const run = promisify(execFile);
/** Points of a millimetre. */
const MM = 72 / 25.4;
/** Width and height of each paper, and how near to its edge a word may stand, millimetres. */
const PAPERS = {
  a5: { width: 148, height: 210, margin: 8 },
  '80mm': { width: 80, height: 297, margin: 3 },
  a4: { width: 210, height: 297, margin: 14 },
};

const USUAL = {
  procedure_code: '1.001022',
  applicant: {
    kind: 'person',
    name: 'Phùng Thị Thử Nghiệm',
    id_number: '022190000001',
    phone: '0912000001',
    email: 'thu.nghiem@example.vn',
    address: 'Thôn Thử, đặc khu Cô Tô',
  },
  channel: 'counter',
  result_channel: 'desk',
  papers: [{ name: 'Tờ khai', originals: 1, certified_copies: 0, photocopies: 2 }],
};
/** The longest that people hand in: a name of 60 letters, an address of four lines, 20 papers. */
const LONGEST = {
  ...USUAL,
  applicant: {
    ...USUAL.applicant,
    name: 'Nguyễn Phước Thử Nghiệm Đường Thượng Quỳnh Như Khuê Uyển Dữ',
    address: 'Số nhà 1234 ngõ 567 ngách 89/10 đường Nguyễn Thị Minh Khai kéo dài, '
      + 'tổ dân phố số 12 khu Thử Nghiệm phía Đông Bắc chân đồi, phường Hồng Gai, '
      + 'tỉnh Quảng Ninh (đối diện nhà văn hóa khu Thử Nghiệm, cạnh trạm biến áp số 7)',
  },
  owner: { kind: 'organisation', name: 'Hợp tác xã Thử Nghiệm Nuôi trồng Thủy sản Đảo Thử' },
  representative: { name: 'Đặng Quỳnh Thử', id_number: '022190000002', authority: 'Giấy ủy quyền' },
  papers: Array.from({ length: 20 }, (_, place) => ({
    name: `Giấy tờ thử số ${place + 1}: bản xác nhận của Ủy ban nhân dân nơi cư trú trước đây`,
    originals: 1,
    certified_copies: 2,
    photocopies: 3,
  })),
};

/** Receives a dossier as the person of that page; its record. */
async function receive(page, body) {
  const answer = await api(page, 'POST', '/dossiers', body, { 'Idempotency-Key': randomUUID() });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body;
}

/** Does something with the dossier; its record afterwards. */
async function act(page, dossier, event) {
  const now = await api(page, 'GET', `/dossiers/${dossier.id}`);
  const body = { base: now.body.version, ...event };
  const key = { 'Idempotency-Key': randomUUID() };
  const answer = await api(page, 'POST', `/dossiers/${dossier.id}/events`, body, key);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body;
}

/** Prints an address to PDF: the text, its lines, and each sheet's size and words with their
 * places in points. */
async function printed(page, address) {
  await page.goto(address);
  await accessible(page);
  await page.evaluate(() => document.fonts.ready);
  const directory = await mkdtemp(join(tmpdir(), 'hoso-print-'));
  try {
    const [pdf, boxes] = [join(directory, 'form.pdf'), join(directory, 'form.xml')];
    await writeFile(pdf, await page.pdf({ preferCSSPageSize: true, printBackground: true }));
    await run('pdftotext', ['-bbox', pdf, boxes]);
    // In the order in which it is drawn, which is that of the page.
    const { stdout } = await run('pdftotext', ['-raw', pdf, '-']);
    const lines = stdout.normalize('NFC').replaceAll(/[^\S\n]+/g, ' ').split('\n');
    return { sheets: sheets(await readFile(boxes, 'utf8')), text: bare(stdout), lines };
  } finally {
    await rm(directory, { recursive: true });
  }
}

function sheets(xml) {
  return xml.split('<page ').slice(1).map((sheet) => {
    const size = /width="([\d.]+)" height="([\d.]+)"/.exec(sheet).slice(1).map(Number);
    const word =
    /<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)<\/word>/g;
    const words = [...sheet.matchAll(word)].map(([, ...found]) => ({
      box: found.slice(0, 4).map(Number),
      text: found[4].replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"')
        .replaceAll('&amp;', '&'),
    }));
    return { size, words };
  });
}

/** Text without spaces, as one code point for each letter: lines break where they like. */
const bare = (text) => text.normalize('NFC').replaceAll(/\s/g, '');

/** Fails unless these texts follow each other in that order. */
function inOrder({ text: all }, texts) {
  let from = 0;
  for (const text of texts) {
    const at = all.indexOf(bare(text), from);
    assert.ok(at >= 0, `no "${text}" in its place: ${all}`);
    from = at + bare(text).length;
  }
}

/** The head of every form: the centre, a branch of the province's, beside the nation. */
const HEAD = [
  'TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG TỈNH QUẢNG NINH',
  'TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG ĐẶC KHU CÔ TÔ', 'Số:',
  'CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM', 'Độc lập - Tự do - Hạnh phúc', 'Cô Tô, ngày',
];

/** Fails unless the form begins with its head, on whose lines each place stands whole. */
function wellHeaded(pages) {
  inOrder(pages, HEAD);
  for (const place of ['TỈNH QUẢNG NINH', 'ĐẶC KHU CÔ TÔ', 'Cô Tô, ngày']) {
    const whole = pages.lines.some((line) => line.includes(place));
    assert.ok(whole, `"${place}" is broken: ${pages.lines.slice(0, 12).join(' / ')}`);
  }
}

/** Fails if a word reaches into the margin, if a sheet is of another size or all but empty. */
function wellPrinted({ sheets: pages }, paper, most) {
  const { width, height, margin } = PAPERS[paper];
  assert.ok(pages.length <= most, `${pages.length} sheets of ${paper}, at most ${most}`);
  for (const { size, words } of pages) {
    assert.ok(Math.abs(size[0] - width * MM) < 2 && Math.abs(size[1] - height * MM) < 2,
      `${size} is not ${paper}`);
    assert.ok(words.length >= 8, `a stray page: ${words.map(({ text }) => text)}`);
    for (const { box: [left, top, right, bottom], text } of words) {
      const inside = left >= (margin - 1) * MM && right <= size[0] - (margin - 1) * MM
        && top >= 0 && bottom <= size[1];
      assert.ok(inside, `${paper}: "${text}" at ${[left, top, right, bottom]} of ${size}`);
    }
  }
}

/** A moment as forms say it. */
function onPaper(moment) {
  const [, year, month, day, hour, minute] = /(\d+)-(\d+)-(\d+)T(\d+):(\d+)/.exec(moment);
  return `${Number(hour)} giờ ${minute} phút, ngày ${day}/${month}/${year}`;
}

/** The fields of form 01 in the order of the regulation, filled with what was handed in. */
function slipFields(body, dossier) {
  const { applicant } = body;
  return [
    'CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM', 'Độc lập - Tự do - Hạnh phúc', 'VẬN HÀNH THỬ',
    'GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ', `Mã hồ sơ: ${dossier.code}`,
    'Bộ phận tiếp nhận và trả kết quả:', `Tiếp nhận hồ sơ của: ${applicant.name}`,
    ...(body.owner ? [`Chủ hồ sơ: ${body.owner.name}`] : []),
    ...(body.representative ? [`Người được ủy quyền: ${body.representative.name}`] : []),
    `Địa chỉ: ${applicant.address}`, `Số điện thoại: ${applicant.phone}`,
    `Email: ${applicant.email}`, `Nội dung yêu cầu giải quyết: ${body.procedure_code}`,
    'Thành phần hồ sơ nộp gồm:',
    ...body.papers.map((paper, place) =>
      `${place + 1}${paper.name}${paper.originals}${paper.certified_copies}${paper.photocopies}`),
    'Số lượng hồ sơ: 1 (bộ)',
    'Thời gian giải quyết hồ sơ theo quy định là: 3 ngày làm việc', 'Thời gian nhận hồ sơ:',
    'Thời gian trả kết quả giải quyết hồ sơ:', 'Đăng ký nhận kết quả tại:',
    'Vào Sổ theo dõi hồ sơ, Quyển số:', 'NGƯỜI NỘP HỒ SƠ', 'NGƯỜI TIẾP NHẬN HỒ SƠ',
  ];
}

for (const [name, body, most] of [
  ['usual', USUAL, { a5: 2, '80mm': 1, a4: 2 }],
  ['longest', LONGEST, { a5: 6, '80mm': 3, a4: 6 }],
]) {
  test(`the slip with the ${name} values has every field on each paper, unclipped`, async () => {
    const page = await desk();
    const dossier = await receive(page, body);
    for (const paper of Object.keys(PAPERS)) {
      const address = `/api/v1/dossiers/${dossier.id}/slip?form=01&paper=${paper}`;
      const pages = await printed(page, address);
      wellHeaded(pages);
      inOrder(pages, slipFields(body, dossier));
      wellPrinted(pages, paper, most[paper]);
    }
    await page.context().close();
  });
}

test('the other forms have their fields in order, also with the longest values', async () => {
  const page = await desk();
  const dossier = await receive(page, LONGEST);
  const sentence = 'Bản xác nhận cư trú thiếu trang thứ hai và chưa có dấu của cơ quan cấp.';
  const reason = Array(5).fill(sentence).join(' ');
  const [paper] = LONGEST.papers;
  const given = { to_unit: dossier.receiving_unit, papers: [paper], note: 'Kèm bản vẽ' };
  await act(page, dossier, { kind: 'handed_over', ...given });
  await act(page, dossier, { kind: 'taken_over' });
  await act(page, dossier, { kind: 'supplement_requested', papers: LONGEST.papers, reason });
  await act(page, dossier, { kind: 'supplemented', papers: LONGEST.papers });
  const due = (await api(page, 'GET', `/dossiers/${dossier.id}`)).body.due_at;
  const later = new Date(Date.parse(due) + 7 * 24 * 3600 * 1000).toISOString();
  await act(page, dossier, { kind: 'extended', due_at: later, reason });
  await act(page, dossier, { kind: 'stopped', reason });
  const { name, address, phone } = LONGEST.applicant;
  const fields = {
    '02': ['Số: ……/HDHS', 'PHIẾU YÊU CẦU BỔ SUNG, HOÀN THIỆN HỒ SƠ', name,
      'Nội dung yêu cầu giải quyết:', `Địa chỉ: ${address}`, `Số điện thoại: ${phone}`,
      'Yêu cầu Ông/Bà hoàn thiện hồ sơ gồm những nội dung như sau:',
      ...LONGEST.papers.map((each) => each.name), `Lý do: ${reason}`,
      'Trong quá trình hoàn thiện hồ sơ nếu có vướng mắc', 'NGƯỜI HƯỚNG DẪN'],
    '04': ['VĂN BẢN XIN LỖI VÀ ĐỀ NGHỊ GIA HẠN THỜI GIAN GIẢI QUYẾT', `Kính gửi: ${name}`,
      'mã số:', dossier.code, `Thời gian hẹn trả kết quả: ${onPaper(due)}`,
      'Ủy ban nhân dân đặc khu Cô Tô chưa trả kết quả', `Lý do: ${reason}`,
      'Ủy ban nhân dân đặc khu Cô Tô xin lỗi', 'sẽ trả kết quả vào', 'THỦ TRƯỞNG CƠ QUAN, ĐƠN VỊ'],
    '05': ['THÔNG BÁO DỪNG GIẢI QUYẾT HỒ SƠ', `Kính gửi: ${name}`, `Mã hồ sơ: ${dossier.code}`,
      reason, 'Thời điểm dừng:', 'THỦ TRƯỞNG CƠ QUAN, ĐƠN VỊ'],
    '06': ['PHIẾU KIỂM SOÁT QUÁ TRÌNH GIẢI QUYẾT HỒ SƠ', 'Chủ hồ sơ:', LONGEST.owner.name,
      'Loại thủ tục:', `Mã số hồ sơ: ${dossier.code}`, 'Cơ quan (bộ phận) giải quyết hồ sơ:',
      'Ủy ban nhân dân đặc khu Cô Tô', 'Cơ quan phối hợp giải quyết hồ sơ:',
      'TÊN CƠ QUAN', 'THỜI GIAN GIAO, NHẬN HỒ SƠ', 'GHI CHÚ',
      '1. Giao: Bộ phận tiếp nhận và trả kết quả, Trung tâm Phục vụ hành chính công đặc khu Cô Tô',
      '2. Nhận: Bộ phận chuyên môn, Ủy ban nhân dân đặc khu Cô Tô'],
  };
  for (const [form, texts] of Object.entries(fields)) {
    for (const size of form === '06' ? ['a4', 'a5'] : Object.keys(PAPERS)) {
      const address = `/api/v1/dossiers/${dossier.id}/slip?form=${form}&paper=${size}`;
      const pages = await printed(page, address);
      wellHeaded(pages);
      inOrder(pages, texts);
      wellPrinted(pages, size, 4);
    }
  }
  await page.context().close();
});

test('a dossier turned away has form 03 with its reason in words', async () => {
  const page = await desk();
  const reason = 'Thủ tục thuộc thẩm quyền của công an đặc khu, mời nộp tại trụ sở công an.';
  const dossier = await receive(page, LONGEST);
  await act(page, dossier, { kind: 'not_accepted', reason });
  const { name, address, phone, email } = LONGEST.applicant;
  for (const paper of Object.keys(PAPERS)) {
    const form = await printed(page, `/api/v1/dossiers/${dossier.id}/slip?form=03&paper=${paper}`);
    inOrder(form, ['PHIẾU TỪ CHỐI TIẾP NHẬN GIẢI QUYẾT HỒ SƠ', `Tiếp nhận hồ sơ của: ${name}`,
      `Địa chỉ: ${address}`, `Số điện thoại: ${phone}`, `Email: ${email}`,
      'Nội dung yêu cầu giải quyết:', 'thông báo không tiếp nhận, giải quyết hồ sơ này', reason,
      'NGƯỜI NỘP HỒ SƠ', 'NGƯỜI TIẾP NHẬN HỒ SƠ']);
    wellHeaded(form);
    wellPrinted(form, paper, 2);
  }
  await page.context().close();
});

test('the logbook of a day lies across the paper and clips no column', async () => {
  const page = await desk();
  const dossier = await receive(page, LONGEST);
  const pages = await printed(page, '/logbook');
  wellHeaded(pages);
  inOrder(pages, ['SỔ THEO DÕI HỒ SƠ', 'STT', 'Mã hồ sơ', 'Ký nhận', 'Ghi chú', dossier.code,
    LONGEST.applicant.name]);
  for (const { size, words } of pages.sheets) {
    assert.ok(size[0] > size[1], 'lies across');
    for (const { box, text } of words) assert.ok(box[2] <= size[0] - 14 * MM, text);
  }
  await page.context().close();
});
