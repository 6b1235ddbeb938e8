// Words of the serve screen, Indonesian: as an officer at a passport counter says them.
import type {
  AnswerResult, BiometricPart, BiometricStatus, DocumentKind, DocumentState, Event, ExceptionReason, FaceJudgement,
  HoldReason, Interview, Kind, Outcome, Purpose, Reason, Sex, Settlement,
} from '../gen/api'
import { deskId } from './desk.id'

/** Codes of the decoder: why a file can't be shown. */
export type Unreadable =
  | 'empty' | 'too_large' | 'not_a_scan' | 'too_many_pixels' | 'too_many_pages' | 'encrypted' | 'unsupported'
  | 'damaged' | 'page_absent' | 'took_too_long' | 'too_much_memory' | 'crashed'

const documentsShort: Record<DocumentKind, string> = {
  ktp: 'e-KTP', family_card: 'KK', birth_certificate: 'Akta', old_passport: 'Paspor', photo: 'Foto',
  parents_ktp: 'KTP ortu', marriage_certificate: 'Nikah', statement: 'Surat', other: 'Lain',
}
const documentStates: Record<DocumentState['state'], string> = {
  not_uploaded: 'Belum diunggah', undecided: 'Belum diputus', accepted: 'Diterima',
  reupload_asked: 'Minta unggah ulang', rejected: 'Ditolak',
}
const reasons: Record<Reason, string> = {
  blurred: 'Buram, tidak terbaca', cut_off: 'Terpotong', glare: 'Silau, pantulan',
  wrong_document: 'Bukan dokumen yang diminta', pages_missing: 'Halaman kurang', expired: 'Kedaluwarsa',
  data_differs: 'Data berbeda dengan formulir', not_original: 'Bukan warna, bukan asli', other: 'Lainnya (wajib ditulis)',
}
const parts: Record<BiometricPart, string> = {
  face: 'Wajah', left_little: 'Kelingking kiri', left_ring: 'Jari manis kiri', left_middle: 'Jari tengah kiri',
  left_index: 'Telunjuk kiri', left_thumb: 'Jempol kiri', right_thumb: 'Jempol kanan', right_index: 'Telunjuk kanan',
  right_middle: 'Jari tengah kanan', right_ring: 'Jari manis kanan', right_little: 'Kelingking kanan',
  signature: 'Tanda tangan',
}
const fingers: Record<BiometricPart, string> = {
  face: 'Wajah', left_little: 'Kelingking', left_ring: 'Manis', left_middle: 'Tengah', left_index: 'Telunjuk',
  left_thumb: 'Jempol', right_thumb: 'Jempol', right_index: 'Telunjuk', right_middle: 'Tengah', right_ring: 'Manis',
  right_little: 'Kelingking', signature: 'Tanda tangan',
}
const marks: Record<BiometricStatus, string> = {
  captured: 'Terekam', retake: 'Ambil ulang', exception: 'Pengecualian', not_required: 'Tidak diwajibkan',
}
const exceptions: Record<ExceptionReason, string> = {
  missing: 'Tidak ada jari', injured: 'Luka atau diperban', worn: 'Aus, tidak terbaca', medical: 'Kondisi medis',
  cannot_sign: 'Tidak dapat menandatangani',
}
const faces: Record<FaceJudgement, string> = { match: 'Cocok', doubt: 'Ragu, petugas kedua', no_match: 'Tidak cocok' }
const purposes: Record<Purpose, string> = {
  tourism: 'Wisata', umrah: 'Umrah', hajj: 'Haji', work: 'Bekerja', study: 'Belajar', medical: 'Berobat',
  family: 'Mengunjungi keluarga', other: 'Lainnya',
}
const results: Record<Interview['result'], string> = {
  passed: 'Lulus wawancara', held: 'Ditangguhkan', refused: 'Diusulkan ditolak',
}
const holds: Record<HoldReason, string> = {
  missing_paper: 'Mengambil berkas yang kurang', payment: 'Membayar dahulu', supervisor: 'Menunggu penyelia',
  personal: 'Salat, anak, kesehatan', other: 'Lainnya (wajib ditulis)',
}
const outcomes: Record<Outcome['outcome'], string> = {
  accepted: 'Diterima', awaiting_reupload: 'Menunggu unggah ulang', on_hold: 'Ditangguhkan',
  refused: 'Diusulkan ditolak', given_up: 'Dibatalkan pemohon',
}
const sexes: Record<Sex, string> = { male: 'Laki-laki', female: 'Perempuan' }
const population: Record<AnswerResult, string> = {
  clear: 'Dukcapil cocok', hit: 'Dukcapil berbeda', no_answer: 'Dukcapil tidak menjawab',
}
const listed: Record<AnswerResult, string> = { clear: 'Tidak tercatat', hit: 'Tercatat', no_answer: 'Tidak menjawab' }
const settlements: Record<Settlement, string> = {
  keep_standing: 'Penyelia: yang pertama tetap berlaku', take_disputed: 'Penyelia: yang kedua berlaku',
}
const unreadable: Record<Unreadable, string> = {
  empty: 'Berkas kosong, minta unggah ulang.',
  too_large: 'Berkas lebih besar dari 20 MB, minta unggah ulang yang lebih kecil.',
  not_a_scan: 'Berkas ini bukan JPEG, PNG, atau PDF, minta unggah ulang.',
  too_many_pixels: 'Gambar terlalu besar untuk ditampilkan, minta unggah ulang.',
  too_many_pages: 'PDF lebih dari 50 halaman, minta unggah ulang halaman yang diperlukan saja.',
  encrypted: 'PDF dikunci kata sandi, minta unggah ulang tanpa kata sandi.',
  unsupported: 'Jenis gambar ini tidak dapat ditampilkan dengan utuh. Periksa dokumen asli.',
  damaged: 'Berkas rusak atau terpotong, minta unggah ulang.',
  page_absent: 'Halaman ini tidak ada di dalam berkas.',
  took_too_long: 'Berkas terlalu rumit untuk ditampilkan. Periksa dokumen asli.',
  too_much_memory: 'Berkas membutuhkan terlalu banyak memori. Periksa dokumen asli.',
  crashed: 'Berkas tidak dapat dibaca. Periksa dokumen asli.',
}
const toApplicant: Record<Reason, string> = {
  blurred: 'Foto dokumen buram. Mohon unggah ulang foto yang tajam, semua tulisan terbaca.',
  cut_off: 'Sebagian dokumen terpotong. Mohon unggah ulang seluruh halaman, keempat sudut terlihat.',
  glare: 'Ada pantulan cahaya di dokumen. Mohon unggah ulang tanpa lampu kilat.',
  wrong_document: 'Berkas ini bukan dokumen yang diminta. Mohon unggah dokumen yang benar.',
  pages_missing: 'Halaman dokumen kurang. Mohon unggah ulang semua halaman.',
  expired: 'Dokumen sudah tidak berlaku. Mohon unggah dokumen yang masih berlaku.',
  data_differs: 'Data di dokumen berbeda dengan formulir. Mohon unggah dokumen yang sesuai.',
  not_original: 'Mohon unggah ulang foto berwarna dari dokumen asli.',
  other: '',
}
const events: Record<Event['event'], string> = {
  published: 'Masuk daftar hari ini', withdrawn: 'Tempat dilepas', checked_in: 'Hadir', called: 'Dipanggil',
  call_voided: 'Panggilan batal', recalled: 'Dipanggil ulang', started: 'Mulai dilayani', went_missing: 'Tidak hadir',
  came_back: 'Datang kembali', held: 'Ditunda', transferred: 'Dialihkan', share_set: 'Pindah bagian loket',
  finished: 'Selesai', verdict_given: 'Keputusan dokumen', field_checked: 'Isian dicocokkan',
  biometrics_marked: 'Status biometrik', face_judged: 'Penilaian wajah', interviewed: 'Wawancara',
  proof_of_payment_seen: 'Bukti bayar dilihat', receipt_issued: 'Tanda terima dibuat',
  receipt_printed: 'Tanda terima disimpan', submitted: 'Permohonan masuk', scan_uploaded: 'Dokumen diunggah',
  billed: 'Tagihan dibuat', paid: 'Lunas', payment_expired: 'Tagihan kedaluwarsa', booked: 'Janji temu dipilih',
  register_answered: 'Jawaban register', earlier_passports_found: 'Paspor terdahulu ditemukan', undone: 'Diurungkan',
  corrected: 'Diperbaiki', disputed: 'Bentrok', settled: 'Diputus penyelia', counter_opened: 'Loket dibuka',
  counter_closed: 'Loket ditutup', released: 'Bagian dilepas', reclaimed: 'Bagian diambil penyelia',
  office_set: 'Data kantor diubah', counter_set: 'Data loket diubah', officer_set: 'Data petugas diubah',
  desk_set: 'Data komputer diubah', rules_set: 'Aturan diubah',
  rules_approved: 'Aturan disetujui pengelola kedua', duplicate_found: 'Permohonan ganda ditemukan', cancelled: 'Dibatalkan sebelum dilayani', delivery_chosen: 'Cara pengambilan dipilih',
  production_reported: 'Kabar dari pencetakan', dispatched: 'Diserahkan kepada pos', post_reported: 'Kabar dari pos',
  epoch_declared: 'Pusat dipulihkan; masa baru dimulai',
}

export const serveId = {
  documents: deskId.document, fields: deskId.field, documentsShort, documentStates, reasons, parts, fingers, marks, exceptions, faces, purposes,
  results, holds, outcomes, sexes, population, listed, settlements, unreadable, toApplicant, events,

  steps: { documents: 'Dokumen', biometrics: 'Biometrik', interview: 'Wawancara', receipt: 'Tanda terima' },
  stepsLabel: 'Langkah',
  stepDone: 'selesai',
  of: (n: number, all: number) => `${n} dari ${all}`,
  loading: 'Membuka kasus…',
  retry: 'Coba lagi',
  cancel: 'Batal',
  close: 'Tutup',
  save: 'Simpan',

  identity: {
    kind: (kind: Kind, electronic: boolean, years: number) =>
      `${deskId.kind[kind]}, ${electronic ? 'elektronik' : 'biasa'} ${years} tahun`,
    booked: (time: string) => `janji ${time}`,
    child: 'anak',
    about: (minutes: number) => `dari ±${String(minutes).padStart(2, '0')}.00`,
    serviceTime: (spent: string, about: number) => `Waktu layanan ${spent} dari kira-kira ${about} menit`,
    people: 'Pemohon dalam kunjungan ini',
    person: (n: number, all: number) => `Pemohon ${n} dari ${all}`,
    nextPerson: 'Pemohon berikutnya',
    personKey: (n: number, name: string) => `Pemohon ${n}: ${name}`,
    elsewhere: 'di loket lain',
    finished: 'selesai',
  },

  list: {
    title: 'Dokumen',
    empty: 'Aturan kantor tidak meminta dokumen untuk permohonan ini.',
    attempt: (n: number, all: number) => `Unggahan ${n} dari ${all}`,
    attempts: 'Unggahan',
    earlier: (n: number) => `Unggahan ke-${n}`,
    said: (verdict: string, by: string, at: string) => `${verdict} oleh ${by}, ${at}`,
    previousAttempt: 'Unggahan sebelumnya',
    nextAttempt: 'Unggahan berikutnya',
    previousDocument: 'Dokumen sebelumnya',
    nextDocument: 'Dokumen berikutnya',
    unsent: 'menunggu kirim',
  },

  viewer: {
    title: 'Penampil dokumen',
    second: 'Dokumen pembanding',
    page: (n: number, all: number) => `hal. ${n} dari ${all}`,
    uploaded: (at: string) => `unggahan ${at}`,
    picture: (document: string, name: string, page: number) => `Hasil pindai ${document} ${name}, halaman ${page}`,
    loading: 'Membuka gambar…',
    notHereTitle: 'Gambar belum ada di komputer ini',
    notHere: 'Sedang luring. Gambar diambil sendiri saat jaringan kembali; dokumen tetap dapat diputus dari aslinya.',
    notUploadedTitle: 'Belum diunggah',
    notUploaded: 'Pemohon belum mengunggah dokumen ini, jadi belum ada yang dapat diputus.',
    unreadableTitle: 'Tidak dapat ditampilkan',
    stillDecidable: 'Dokumen tetap dapat diputus.',
    otherFault: 'Gambar tidak dapat dibuka.',
    tools: 'Alat gambar',
    zoomIn: 'Perbesar', zoomOut: 'Perkecil', fit: 'Pas', width: 'Lebar', full: '1:1', turn: 'Putar',
    turnBack: 'Putar balik', contrast: 'Kontras', brightness: 'Terang', invert: 'Balik warna', grey: 'Abu-abu',
    side: 'Berdampingan', nextPage: 'Halaman berikut', previousPage: 'Halaman sebelum', pan: 'Geser gambar',
    reset: 'Atur ulang gambar', fullScreen: 'Layar penuh dokumen', fullScreenShort: 'Penuh',
    percent: (n: number) => `${n} %`,
    state: (zoom: number, turn: number, contrast: number) => `${zoom} % · ${turn}° · kontras ${contrast}`,
    whichSide: 'Bandingkan dengan',
    nothingToCompare: 'Tidak ada dokumen lain untuk dibandingkan',
    nothingBeside: 'Tidak ada gambar lain.',
    lettersOn: 'Tombol huruf berlaku selama penampil terpilih',
  },

  form: {
    title: 'Data formulir',
    progress: (n: number, all: number) => `${n} dari ${all} dicocokkan`,
    agreesNext: 'cocok, lanjut',
    agrees: 'Cocok, lanjut',
    differs: 'Berbeda',
    differsKey: 'Isian berbeda',
    field: 'Isian', value: 'Isi', proof: 'Bukti', checked: 'Cocok',
    showProof: (field: string, document: string) => `Tunjukkan bukti ${field} pada ${document}`,
    tick: (field: string) => `${field} cocok dengan bukti`,
    differsBy: (by: string | null) => (by ? `Berbeda menurut ${by}` : 'Berbeda'),
    formatOk: 'Format sah',
    region: 'Wilayah', regionUnknown: 'Kode wilayah tidak ada di tabel',
    birthOk: 'Tgl lahir', birthDiffers: 'Tgl lahir berbeda', sexOk: 'Kelamin', sexDiffers: 'Kelamin berbeda',
    birthSexOk: 'Tgl lahir, kelamin',
    notChecked: 'Belum dicek',
    population: 'Dukcapil',
    payment: 'Pembayaran',
    byServer: 'Menurut server',
    paid: (amount: string) => `Lunas ${amount}`,
    unpaid: 'Belum bayar', paidInPart: (paid: string, of: string) => `Dibayar ${paid} dari ${of}`, expired: (at: string) => `Tagihan kedaluwarsa ${at}`, unknown: 'Belum dicek',
    bill: 'Tagihan', billDue: (amount: string, due: string) => `${amount}, batas ${due}`,
    proofSeen: 'Bukti dilihat', notNeeded: 'Tidak diperlukan', notSeen: 'Belum',
    recordProof: 'Catat bukti…',
    earlier: 'Paspor terdahulu',
    dpri: 'DPRI', banList: 'Cekal', purpose: 'Tujuan', none: 'Tidak ada', found: (n: number) => `${n} paspor`,
    passport: (no: string, until: string) => `${no}, s.d. ${until}`,
    newButHasOne: 'Mengajukan paspor baru, padahal sudah pernah punya paspor.',
    history: 'Riwayat',
    noHistory: 'Belum ada riwayat.',
    counter: (no: number) => `Loket ${no}`,
    father: 'Nama ayah',
    phone: 'Telepon',
  },

  decide: {
    accept: (document: string) => `Terima ${document}`,
    acceptKey: 'Terima',
    ask: 'Minta unggah ulang…',
    askKey: 'Unggah ulang', askShort: 'Unggah', askBrief: 'Unggah ulang…',
    reject: 'Tolak…',
    rejectKey: 'Tolak',
    correct: 'Perbaiki…',
    correctKey: 'Perbaiki keputusan',
    decided: (state: string, by: string) => `${state}, ${by}`,
    missing: 'Belum dapat selesai',
    nothingMissing: 'Lengkap',
    heldUp: 'Ada yang tertahan: belum dapat diterima',
    jump: 'Lompat ke yang kurang berikutnya',
    finish: 'Selesai', finishShort: 'Selesai',
    hold: 'Tunda', holdShort: 'Tunda',
    counts: {
      documents: (n: number) => `${n} dokumen`, fields: (n: number) => `${n} isian`,
      biometrics: (n: number) => `${n} biometrik`, face: 'penilaian wajah', interview: 'wawancara',
      payment: 'pembayaran', receipt: 'tanda terima', print: 'simpan tanda terima',
    },
    accepted: (document: string) => `${document} diterima.`,
    asked: (document: string) => `Unggah ulang ${document} diminta.`,
    rejected: (document: string) => `${document} ditolak.`,
    corrected: 'Keputusan ditarik. Dokumen dapat diputus lagi.',
    fieldAgrees: (field: string) => `${field} cocok.`,
    fieldDiffers: (field: string) => `${field} dicatat berbeda.`,
    noScan: 'Belum ada unggahan yang dapat diputus',
    alreadyDecided: 'Unggahan ini sudah diputus; F9 atau perbaiki dahulu',
    standing: (verdict: string) => `Sudah diputus: ${verdict}. Perbaiki dahulu dengan Alt+K.`,
    notHere: 'Pemohon ini tidak sedang dilayani di loket ini',
    allFieldsChecked: 'Semua isian sudah dicocokkan',
  },

  verdict: {
    askTitle: (document: string) => `Minta unggah ulang ${document}`,
    rejectTitle: (document: string) => `Tolak ${document}`,
    reason: 'Alasan',
    toApplicant: 'Pesan untuk pemohon',
    language: 'Bahasa pesan', indonesian: 'Indonesia', english: 'English', both: 'Keduanya',
    note: 'Catatan internal',
    noteHint: 'Hanya untuk rekan kerja.',
    noteNeeded: 'Wajib: tulis mengapa dokumen ditolak.',
    reasonNeeded: 'Pilih alasan dengan tombol 1–9.',
    wordsNeeded: 'Alasan "Lainnya" perlu kalimat.',
    left: (n: number) => `${n} huruf lagi`,
    tooLong: (n: number) => `${n} huruf terlalu banyak`,
    saveAsk: 'Minta unggah ulang',
    saveReject: 'Tolak dokumen',
    enterSaves: 'Enter menyimpan, Shift+Enter baris baru',
    correctTitle: 'Perbaiki keputusan',
    correctIntro: (what: string, by: string) => `${what} oleh ${by} ditarik kembali. Riwayat tetap menyimpannya.`,
    correctReason: 'Mengapa diperbaiki?',
    correctSave: 'Tarik keputusan',
  },

  proof: {
    title: 'Catat bukti pembayaran',
    intro: 'Bukti yang dilihat dicatat di samping jawaban server, tidak menggantikannya.',
    what: 'Apa yang diperlihatkan', whatNeeded: 'Tulis apa yang diperlihatkan.',
    reference: 'Nomor atau NTPN, sejauh terbaca',
    kinds: ['Bukti bayar M-Paspor', 'Struk bank atau ATM', 'Struk kantor pos atau minimarket'],
    save: 'Catat bukti',
    saved: 'Bukti pembayaran dicatat.',
  },

  bio: {
    onlyStatus: 'Loket mencatat status dari sistem perekam, tidak pernah datanya.',
    face: 'Wajah', tenFingers: 'Sepuluh jari', signature: 'Tanda tangan', exceptions: 'Pengecualian',
    left: 'Tangan kiri', right: 'Tangan kanan', leftShort: 'kiri', rightShort: 'kanan',
    quality: 'Mutu', result: 'Hasil', attempts: 'Coba', finger: 'Jari',
    open: 'Belum', good: 'Baik', captured: 'Terekam', low: 'Mutu rendah', accepted: 'Diterima, batas percobaan',
    summary: (done: number, low: number, open: number) =>
      [`${done} selesai`, ...(low ? [`${low} mutu rendah`] : []), ...(open ? [`${open} belum`] : [])].join(' · '),
    uploadedPhoto: 'Pasfoto unggahan', noPhoto: 'Tidak ada pasfoto unggahan',
    compareHint: 'Bandingkan pemohon di depan Anda dengan pasfoto.',
    question: 'Menurut Anda, orang yang sama?',
    judged: (word: string) => `Penilaian: ${word}.`,
    captureFace: 'Wajah terekam', captureSignature: 'Tanda tangan terekam', cannotSign: 'Tidak dapat menandatangani',
    captureFinger: 'Terekam', retake: 'Ambil ulang', exception: 'Pengecualian…',
    exceptionTitle: (part: string) => `Pengecualian: ${part}`,
    exceptionReason: 'Mengapa tidak dapat direkam?',
    noExceptions: 'Tidak ada',
    noneTaken: 'Belum direkam di sistem perekam.',
    hintOpen: (part: string) => `${part}: belum direkam.`,
    hintCaptured: (part: string) => `${part}: terekam.`,
    hintQuality: (part: string, q: number, min: number) => `${part}: mutu ${q}, batas ${min}.`,
    hintLow: (part: string, q: number, min: number) => `${part}: mutu rendah (${q}, batas ${min}).`,
    hintAttempt: (n: number, max: number) => `Percobaan ${n} dari ${max}. Bersihkan kaca, tekan lebih rata.`,
    hintException: (part: string, why: string) => `${part}: ${why.toLowerCase()}.`,
    hintNotRequired: (part: string) => `${part}: tidak diwajibkan menurut umur.`,
    hintRetake: (part: string) => `${part}: perlu diambil ulang.`,
    typeQuality: 'Ketik mutu 0–100 bila ada, lalu Enter.',
    typed: (q: string) => `Mutu ${q}, tekan Enter`,
    acceptAll: 'Tandai semua terekam', acceptAllKey: 'Semua terekam',
    allMarked: (n: number) => `${n} bagian ditandai terekam.`,
    nothingOpen: 'Tidak ada yang masih terbuka',
    marked: (part: string, word: string) => `${part}: ${word.toLowerCase()}.`,
    heldUp: 'Belum diperlukan: dokumen atau wawancara tertahan.',
  },

  talk: {
    title: 'Wawancara', purpose: 'Tujuan', destination: 'Negara tujuan', result: 'Hasil', until: 'Ditangguhkan sampai',
    untilHint: 'Kosongkan bila belum ada tanggal.',
    note: 'Catatan', noteNeeded: 'Tulis apa yang kurang atau mengapa.',
    save: (result: string) => `Simpan: ${result}`,
    saved: (result: string) => `Wawancara disimpan: ${result.toLowerCase()}.`,
    purposeNeeded: 'Pilih tujuan dengan tombol 1–8',
    onForm: 'Menurut formulir',
    formPurpose: 'Tujuan', formDestination: 'Negara', kind: 'Permohonan', father: 'Ayah', mother: 'Ibu', address: 'Alamat',
    standing: (result: string, by: string, at: string) => `${result}, ${by} ${at}`,
    correct: 'Perbaiki…',
    correctWhat: 'Hasil wawancara',
    digits: 'Tombol 1–8 memilih tujuan.',
  },

  receipt: {
    title: 'Tanda terima',
    issue: 'Buat tanda terima', issueKey: 'Buat tanda terima', issueShort: 'Buat',
    issued: (no: string) => `Tanda terima ${no} dibuat.`,
    number: 'Nomor',
    language: 'Bahasa kertas', indonesian: 'Indonesia', english: 'English',
    savePdf: 'Simpan PDF', saved: (file: string) => `Tersimpan: ${file}`,
    savedCopy: (file: string, copy: number) => `Tersimpan sebagai SALINAN ke-${copy}: ${file}`,
    notSaved: 'Tidak jadi disimpan.',
    preview: (no: string) => `Pratinjau tanda terima ${no}`,
    previewFailed: 'Pratinjau tidak dapat digambar. PDF tetap dapat disimpan.',
    prints: 'Riwayat simpan', never: 'Belum pernah disimpan.',
    times: (n: number, at: string) => `${n}×, terakhir ${at}`,
    nextIsCopy: 'Berikutnya bertanda SALINAN.',
    nextIsOriginal: 'Berikutnya asli.',
    issuedBy: (by: string, at: string) => `Dibuat ${by}, ${at}`,
    otherDesk: 'Dibuat di komputer lain: disimpan di sana.',
    notYet: 'Belum dapat dibuat', stillMissing: 'Yang masih kurang',
    ready: 'Berkas lengkap. Tanda terima dapat dibuat.',
    readyHeldUp: 'Ada yang tertahan. Tanda terima menyebut apa yang kurang.',
    alreadyThere: 'Tanda terima sudah ada',
    noneYet: 'Belum ada tanda terima',
    firstIssue: 'Buat tanda terima dahulu',
    unsent: 'menunggu kirim',
  },

  finish: {
    title: 'Selesai',
    question: (name: string) => `Hasil untuk ${name}`,
    until: 'Sampai tanggal', untilHint: 'Kosongkan bila belum ada tanggal.',
    reason: 'Alasan usulan penolakan',
    save: 'Selesai',
    saved: (ticket: string, what: string) => `${ticket} selesai: ${what.toLowerCase()}.`,
    savedMany: (ticket: string, n: number) => `${ticket} selesai: ${n} permohonan.`,
    notAccepted: 'Belum dapat diterima',
    heldUp: 'Dokumen atau wawancara tertahan',
    noReupload: 'Tidak ada dokumen yang diminta ulang',
    noRefusal: 'Belum ada dokumen yang ditolak atau wawancara yang menolak',
    chooseAll: 'Pilih hasil untuk setiap pemohon',
    next: 'F2 memanggil berikutnya.',
    hint: 'Tombol 1–5 memilih hasil.',
    nobody: 'Tidak ada permohonan yang dilayani di loket ini',
  },

  hold: {
    title: 'Tunda layanan', reason: 'Mengapa ditunda?', note: 'Catatan', noteNeeded: 'Tulis alasannya.',
    save: 'Tunda', saved: (ticket: string) => `${ticket} ditunda.`, hint: 'Tombol 1–5 memilih alasan.',
  },

  dispute: {
    title: 'Bentrok',
    sides: (mine: string, by: string, at: string, standing: string, other: string, otherAt: string) =>
      `${by} ${at}: ${mine}. ${other} ${otherAt}: ${standing}.`,
    oneSide: (mine: string, by: string, at: string) => `${by} ${at}: ${mine}.`,
    decides: 'Yang pertama berlaku sampai penyelia memutuskan.',
  },

  acts: {
    verdict: (verdict: string, document: string) => `${document} ${verdict.toLowerCase()}`,
    verdicts: { accept: 'Diterima', ask_reupload: 'Minta unggah ulang', reject: 'Ditolak' },
    interview: (result: string) => `wawancara: ${result.toLowerCase()}`,
    receipt: (no: string) => `tanda terima ${no}`,
    outcome: (word: string) => `selesai: ${word.toLowerCase()}`,
    other: 'tindakan lain',
  },

  panes: { documents: 'Daftar dokumen', viewer: 'Penampil dokumen', form: 'Data formulir' },
}
