//! Every state in which a cut could have left a recorded directory, rebuilt and judged.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
    sync::{Mutex, mpsc},
    thread,
};

use hoso_store::database::Schema;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{
    disk::{Cut, Disk},
    judge::{Mark, Promise, judge},
    recorder::Record,
};

/// What was recorded of one program.
#[derive(Debug)]
pub struct Recording {
    /// What people call it.
    pub name: String,
    /// Whose files they are.
    pub schema: Schema,
    /// The disk before the first record.
    pub before: Disk,
    /// What happened.
    pub records: Vec<Record>,
}

/// How thoroughly images are made.
#[derive(Clone, Copy, Debug)]
pub struct Thoroughness {
    /// Images of each write point.
    pub images_per_point: usize,
    /// Write points of one recording, chosen evenly; all if there are fewer.
    pub points_max: usize,
    /// For what is torn.
    pub seed: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Writes, truncations, syncs and changes of names that were recorded.
    pub points: usize,
    /// Of these, the ones at which a cut was made.
    pub cuts: usize,
    /// Different images that were opened and judged.
    pub images: usize,
    /// What had been acknowledged by the end.
    pub promises: usize,
    /// What was wrong.
    pub losses: Vec<String>,
}

impl Figures {
    /// In one line.
    #[must_use]
    pub fn line(&self, name: &str) -> String {
        format!(
            "{name}: {} write points, {} cut, {} images, {} promises, losses: {}",
            self.points,
            self.cuts,
            self.images,
            self.promises,
            self.losses.len()
        )
    }
}

/// One image to be judged.
struct Image {
    what: String,
    files: BTreeMap<String, Vec<u8>>,
    promises: Vec<Promise>,
}

/// Makes and judges images on two threads.
///
/// # Panics
///
/// When an image cannot be written.
#[must_use]
pub fn judge_all(recording: &Recording, how: Thoroughness) -> Figures {
    let (give, take) = mpsc::sync_channel::<Image>(8);
    let take = Mutex::new(take);
    let losses = Mutex::new(Vec::new());
    let mut figures = Figures::default();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let directory = directory();
                loop {
                    let Ok(image) = take.lock().expect("the images").recv() else { return };
                    write(directory.path(), &image.files);
                    let judged = judge(directory.path(), recording.schema, &image.promises);
                    if let Err(lost) = judged {
                        losses.lock().expect("losses").push(format!("{}: {lost}", image.what));
                    }
                }
            });
        }
        make_all(recording, how, &mut figures, &give);
        drop(give);
    });
    figures.losses = losses.into_inner().expect("losses");
    figures
}

fn make_all(
    recording: &Recording,
    how: Thoroughness,
    figures: &mut Figures,
    give: &mpsc::SyncSender<Image>,
) {
    let mut disk = recording.before.clone();
    let mut dice = ChaCha8Rng::seed_from_u64(how.seed);
    let is_mark = |record: &Record| matches!(record, Record::Mark { .. });
    figures.points = recording.records.iter().filter(|record| !is_mark(record)).count();
    let mut known: HashMap<blake3::Hash, usize> = HashMap::new();
    let mut promises = Vec::new();
    let (mut point, mut turn) = (0, 0);
    for record in &recording.records {
        if let Record::Mark { text } = record {
            Mark::of_text(text).follow(&mut promises);
            figures.promises += 1;
            continue;
        }
        disk.follow(record);
        point += 1;
        // Evenly over all points: the n-th of every `points_max` shares of them.
        let share = |point: usize| point * how.points_max / figures.points;
        if figures.points > how.points_max && share(point) == share(point - 1) {
            continue;
        }
        figures.cuts += 1;
        for _ in 0..how.images_per_point {
            let cut = match turn % 4 {
                0 => Cut::Synced,
                1 => Cut::Torn(50),
                2 => Cut::Written,
                _ => Cut::Torn([5, 95][dice.random_range(0..2)]),
            };
            turn += 1;
            let files = disk.after(cut, &mut dice);
            let seen = known.entry(hash(&files)).or_insert(usize::MAX);
            if *seen == promises.len() {
                continue;
            }
            *seen = promises.len();
            figures.images += 1;
            let what = format!("{} point {point} {cut:?} seed {}", recording.name, how.seed);
            let promises = promises.clone();
            give.send(Image { what, files, promises }).expect("the judges take images");
        }
    }
}

fn hash(files: &BTreeMap<String, Vec<u8>>) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for (name, bytes) in files {
        hasher.update(name.as_bytes()).update(&bytes.len().to_le_bytes()).update(bytes);
    }
    hasher.finalize()
}

/// A directory in memory where there is one: an image is read once and thrown away.
fn directory() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a directory for images")
}

/// Puts these files into the directory, and no others.
fn write(directory: &Path, files: &BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(directory).expect("the image's directory") {
        fs::remove_file(entry.expect("an entry").path()).expect("a file of the last image");
    }
    for (name, bytes) in files {
        fs::write(directory.join(name), bytes).expect("a file of an image");
    }
}
