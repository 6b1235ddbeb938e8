// What the desk says in codes, in Indonesian: names of documents, kinds and reasons, refusals, faults, acts.
import type {
  Act, DocumentKind, Fault, FormField, HoldReason, Kind, NextBecause, Outcome, Priority, Quarantine, Reason, Refusal,
  Role, StageName, Verdict, FaceJudgement, BiometricPart, BiometricStatus, Purpose,
} from '../gen/api'
import { plainDay, time } from '../shared/format'

/** A sentence for each code of a union, told with the values that come with it. */
export type Sentences<T, Tag extends keyof T> = T extends unknown
  ? T[Tag] extends string
    ? { [K in T[Tag]]: (value: T) => string }
    : never
  : never
type Both<U> = (U extends unknown ? (u: U) => void : never) extends (i: infer I) => void ? I : never
export type Table<T, Tag extends keyof T> = Both<Sentences<T, Tag>>

const document: Record<DocumentKind, string> = {
  ktp: 'e-KTP',
  family_card: 'Kartu Keluarga',
  birth_certificate: 'Akta kelahiran',
  old_passport: 'Paspor lama',
  photo: 'Pasfoto',
  parents_ktp: 'KTP orang tua',
  marriage_certificate: 'Buku nikah orang tua',
  statement: 'Surat pernyataan',
  other: 'Dokumen lain',
}

const field: Record<FormField, string> = {
  full_name: 'Nama lengkap',
  nik: 'NIK',
  birth_place: 'Tempat lahir',
  birth_date: 'Tanggal lahir',
  mother_name: 'Nama ibu',
  address: 'Alamat',
}

const reason: Record<Reason, string> = {
  blurred: 'Buram, tidak terbaca',
  cut_off: 'Terpotong',
  glare: 'Silau, memantul',
  wrong_document: 'Bukan dokumen yang diminta',
  pages_missing: 'Halaman kurang',
  expired: 'Kedaluwarsa',
  data_differs: 'Data berbeda dengan formulir',
  not_original: 'Bukan warna, bukan asli',
  other: 'Lainnya',
}

const verdict: Record<Verdict['verdict'], string> = {
  accept: 'Terima',
  ask_reupload: 'Minta unggah ulang',
  reject: 'Tolak',
}

const outcome: Record<Outcome['outcome'], string> = {
  accepted: 'Lengkap',
  awaiting_reupload: 'Menunggu unggah ulang',
  on_hold: 'Ditangguhkan',
  refused: 'Diusulkan ditolak',
  given_up: 'Dibatalkan pemohon',
}

const kind: Record<Kind, string> = {
  new: 'Paspor baru',
  replacement: 'Penggantian',
  lost: 'Hilang',
  damaged: 'Rusak',
  data_change: 'Perubahan data',
}

const priority: Record<Priority, string> = {
  elderly: 'lansia',
  disabled: 'disabilitas',
  pregnant: 'ibu hamil',
  toddler: 'balita',
}

const stage: Record<StageName, string> = {
  expected: 'Belum hadir',
  waiting: 'Menunggu',
  called: 'Dipanggil',
  serving: 'Dilayani',
  held: 'Ditunda',
  no_show: 'Tidak hadir',
  finished: 'Selesai',
  withdrawn: 'Dibatalkan',
}

const hold: Record<HoldReason, string> = {
  missing_paper: 'Mengambil berkas yang kurang',
  payment: 'Membayar dahulu',
  supervisor: 'Menunggu penyelia',
  personal: 'Salat, anak, kesehatan',
  other: 'Lainnya',
}

const role: Record<Role, string> = {
  officer: 'petugas',
  supervisor: 'penyelia',
  administrator: 'pengelola',
  auditor: 'pemeriksa',
}

const biometricPart: Record<BiometricPart, string> = {
  face: 'wajah',
  left_little: 'kelingking kiri',
  left_ring: 'jari manis kiri',
  left_middle: 'jari tengah kiri',
  left_index: 'telunjuk kiri',
  left_thumb: 'jempol kiri',
  right_thumb: 'jempol kanan',
  right_index: 'telunjuk kanan',
  right_middle: 'jari tengah kanan',
  right_ring: 'jari manis kanan',
  right_little: 'kelingking kanan',
  signature: 'tanda tangan',
}

const biometricStatus: Record<BiometricStatus, string> = {
  captured: 'terekam',
  retake: 'ambil ulang',
  exception: 'pengecualian',
  not_required: 'tidak perlu',
}

const face: Record<FaceJudgement, string> = {
  match: 'cocok',
  doubt: 'ragu, petugas kedua melihat',
  no_match: 'tidak cocok',
}

const purpose: Record<Purpose, string> = {
  tourism: 'wisata',
  umrah: 'umrah',
  hajj: 'haji',
  work: 'bekerja',
  study: 'belajar',
  medical: 'berobat',
  family: 'keluarga',
  other: 'lainnya',
}

const because: Record<NextBecause, string> = {
  at_head: 'Kembali ke depan antrean',
  priority: 'Prioritas',
  earliest: 'Janji paling awal di antara yang sudah hadir',
  hour_come: 'Jam janjinya sudah tiba; yang sudah hadir tidak ada lagi',
}

const quarantine: Record<Quarantine, string> = {
  officer_revoked: 'Petugas sudah tidak berwenang saat ini sampai di pusat. Tersimpan; penyelia memutuskan.',
  officer_unknown: 'Petugas belum dikenal pusat. Tersimpan; penyelia memutuskan.',
  desk_revoked: 'Komputer ini sudah dicabut. Tersimpan; hubungi pengelola.',
  unknown_kind: 'Pusat belum mengenal tindakan ini. Tersimpan sampai pusat diperbarui.',
  unknown_rules: 'Diputus dengan aturan yang belum dikenal pusat. Tersimpan.',
  future_clock: 'Jam komputer ini terlalu maju. Tersimpan; betulkan jam komputer.',
  role_forbids: 'Dicatat atas nama orang yang tidak berwenang atas berkas permohonan. Tersimpan; penyelia memutuskan.',
  clone: 'Nomor yang sama dikirim komputer lain. Tersimpan; hubungi pengelola.',
}

const refusal: Table<Refusal, 'code'> = {
  unknown: () => 'Tidak ditemukan di komputer ini. Sinkronkan dengan F5, lalu coba lagi.',
  wrong_subject: () => 'Tindakan ini tidak berlaku di sini.',
  other_day: () => 'Janji ini untuk hari lain.',
  place_given_up: () => 'Janji ini sudah dibatalkan atau dijadwalkan ulang.',
  already_checked_in: (r) => `Sudah tercatat hadir ${time(r.at)}.`,
  already_called: (r) => `Sudah dipanggil Loket ${r.counter}.`,
  being_served: (r) => `Sedang dilayani ${r.officer} di Loket ${r.counter}.`,
  already_finished: (r) => `Sudah selesai ${time(r.at)}.`,
  on_hold: () => 'Sedang ditunda. Kembalikan dahulu ke antrean.',
  marked_no_show: (r) => `Dicatat tidak hadir ${time(r.at)}. Kembalikan dahulu ke antrean.`,
  not_yet_due: (r) => `Belum hadir dan jam janjinya belum tiba, ${time(r.slot)}.`,
  in_other_share: (r) => `Masuk antrean Loket ${r.counter}.`,
  share_reclaimed: (r) => `Penyelia mengalihkan antrean ini ke Loket ${r.counter}.`,
  not_called_here: () => 'Tidak dipanggil dari loket ini.',
  not_served_here: () => 'Tidak dilayani di loket ini.',
  recalls_used_up: (r) => `Sudah dipanggil ulang ${r.max} kali. Catat tidak hadir, atau mulai layani bila datang.`,
  recall_too_soon: (r) => `Tunggu ${r.wait_s} detik sebelum memanggil ulang.`,
  too_few_recalls: (r) => `Panggil ulang ${r.needed} kali sebelum mencatat tidak hadir.`,
  counter_busy: (r) => `Selesaikan ${r.ticket} dahulu.`,
  counter_not_open: () => 'Loket ini belum dibuka.',
  counter_taken: (r) => `Loket dipakai ${r.officer}.`,
  counter_unknown: (r) => `Kantor ini tidak punya Loket ${r.counter}.`,
  already_decided: (r) => `${r.officer} sudah memutus: ${verdict[r.verdict.verdict]}.`,
  document_not_asked: (r) => `${document[r.document]} tidak diminta untuk permohonan ini.`,
  reason_needed: () => 'Tulis alasannya dahulu.',
  text_too_long: (r) => `Tulisan terlalu panjang; paling banyak ${r.max} huruf.`,
  already_interviewed: (r) => `${r.officer} sudah mencatat wawancara.`,
  not_ready: (r) => `Belum lengkap: ${r.missing.length} hal lagi.`,
  receipt_exists: (r) => `Tanda terima ${r.number} sudah ada.`,
  receipt_unknown: () => 'Tanda terima ini tidak dikenal.',
  outcome_does_not_fit: () => 'Hasil ini tidak cocok dengan keputusan dokumen atau wawancara.',
  nothing_to_undo: () => 'Tidak ada yang dapat diurungkan.',
  too_late_to_undo: () => 'Waktu untuk mengurungkan sudah lewat. Pembetulan dengan alasan masih bisa.',
  built_upon: () => 'Sudah ada tindakan lanjutan; tidak dapat diurungkan.',
  not_yours: () => 'Ini tindakan petugas lain.',
  supervisor_only: () => 'Hanya penyelia yang boleh memutuskan ini.',
  role_forbids: () => 'Pengelola dan auditor tidak menangani permohonan. Petugas dapat masuk di sini.',
  already_settled: () => 'Sudah diputuskan penyelia.',
  needs_newer_loket: () => 'Dibuat dengan Loket yang lebih baru. Perbarui Loket di komputer ini.',
  nobody_waiting: () => 'Tidak ada yang menunggu di antrean loket ini.',
}

const fault: Table<Fault, 'code'> = {
  refused: (f) => (refusal[f.refusal.code] as (r: Refusal) => string)(f.refusal),
  signed_out: () => 'Komputer terkunci. Masuk lagi untuk melanjutkan; pekerjaan tersimpan.',
  not_enrolled: () => 'Komputer ini belum didaftarkan.',
  no_counter: () => 'Buka loket dahulu.',
  wrong_password: (f) => `Nama atau kata sandi tidak cocok. Sisa percobaan: ${f.tries_left}.`,
  sign_in_blocked: (f) => `Terlalu banyak percobaan. Coba lagi ${f.wait_s} detik lagi.`,
  offline_too_long: (f) => `Sudah ${f.days} hari tanpa sambungan ke pusat. Sambungkan jaringan untuk masuk; pekerjaan tersimpan.`,
  not_on_roster: () => 'Nama ini tidak terdaftar di kantor ini. Hubungi pengelola.',
  code_refused: () => 'Kode tidak berlaku: keliru, sudah dipakai, atau kedaluwarsa. Minta kode baru kepada pengelola.',
  no_line: () => 'Server tidak terjangkau. Periksa jaringan dan alamat, lalu coba lagi.',
  desk_unknown: () => 'Server tidak mengenal komputer ini. Pekerjaan tersimpan; hubungi pengelola.',
  other_office: () => 'Server ini milik kantor lain. Periksa alamatnya.',
  server_busy: (f) => `Server sibuk; dicoba lagi ${f.retry_s} detik lagi. Pekerjaan tersimpan.`,
  server_trouble: () => 'Server sedang terganggu. Pekerjaan tersimpan dan dikirim kemudian.',
  newer_database: (f) => `Data ditulis Loket yang lebih baru (${f.found}; di sini ${f.known}). Data tidak disentuh; perbarui Loket.`,
  database_trouble: () => 'Data di komputer ini tidak dapat dibaca atau ditulis. Berhenti dahulu dan hubungi pengelola.',
  disk_full: () => 'Ruang disk habis; tindakan terakhir belum tersimpan. Kosongkan ruang, lalu ulangi.',
  keystore_trouble: () => 'Kunci komputer ini tidak terbaca. Hubungi pengelola.',
  already_running: () => 'Loket sudah terbuka di komputer ini.',
  scan_not_here: () => 'Gambar belum ada di komputer ini dan jaringan putus. Periksa dokumen aslinya.',
  scan_unreadable: () => 'Gambar tidak dapat ditampilkan. Periksa dokumen aslinya atau minta unggah ulang.',
  unknown_code: () => 'Kode ini bukan kode janji temu. Cari dengan nama atau nomor.',
  code_of_other_office: (f) => `Janji ini di kantor lain: ${f.office}.`,
  code_of_other_day: (f) => `Janji ini untuk ${plainDay(f.day, 'id')}, bukan hari ini.`,
  file_trouble: () => 'Berkas tidak dapat ditulis di tempat itu. Pilih tempat lain.',
  bad_request: () => 'Terjadi kesalahan pada Loket. Pekerjaan yang sudah tersimpan aman; ulangi tindakan ini.',
}

const act: Table<Act, 'act'> = {
  check_in: () => 'Hadir',
  call: (a) => (a.call.how === 'chosen' ? 'Panggil di luar urutan' : 'Panggil'),
  recall: () => 'Panggil ulang',
  start: () => 'Mulai layani',
  no_show: () => 'Tidak hadir',
  return: () => 'Kembali ke antrean',
  hold: (a) => `Tunda: ${hold[a.reason].toLowerCase()}`,
  transfer: (a) => `Alihkan ke Loket ${a.to}`,
  finish: (a) => `Selesai: ${[...new Set(a.outcomes.map((o) => outcome[o.outcome.outcome].toLowerCase()))].join(', ')}`,
  verdict: (a) => `${verdict[a.verdict.verdict]} ${document[a.document]}`,
  check_field: (a) => `${field[a.field]} ${a.agrees ? 'cocok' : 'berbeda'}`,
  biometrics: (a) => `Biometrik ${biometricPart[a.part]}: ${biometricStatus[a.mark.status]}`,
  judge_face: (a) => `Wajah ${face[a.judgement]}`,
  interview: (a) => `Wawancara: ${purpose[a.interview.purpose]}`,
  proof_seen: () => 'Bukti bayar dilihat',
  issue_receipt: (a) => `Tanda terima ${a.number}`,
  print_receipt: (a) => (a.copy === 0 ? 'Tanda terima disimpan' : `Tanda terima disimpan, salinan ${a.copy}`),
  undo: () => 'Urungkan',
  correct: () => 'Pembetulan',
  settle: (a) => (a.settlement === 'keep_standing' ? 'Sengketa: yang berlaku tetap' : 'Sengketa: diganti'),
  open_counter: (a) => `Buka Loket ${a.counter}`,
  close_counter: (a) => `Tutup Loket ${a.counter}`,
  release: (a) => `Lepas ${a.visits.length} antrean ke Loket ${a.to}`,
  reclaim: (a) => `Ambil antrean Loket ${a.from} ke Loket ${a.to}`,
}

export const deskId = {
  document, field, reason, verdict, outcome, kind, priority, stage, hold, role, biometricPart, biometricStatus, face,
  purpose, because, quarantine, refusal, fault, act,
  childPassport: 'Paspor anak',
}
