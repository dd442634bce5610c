//! Writers that are killed, and writers at once: what holds of a store whatever happens to those who write it.
//!
//! A writer is a process: this very test program, called to run one test that is ignored otherwise. It says on standard
//! output what it has written, once the store has acknowledged it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Utc};
use continuity_cli::store::{Location, Revision, Store, StoreError};
use signature_continuity::baseline::{Baseline, Format, Lookup, Origin, SignerRecord, Verified};
use signature_continuity::digest::Digest;
use signature_continuity::posture::Rank;
use signature_continuity::reference::Repository;
use signature_continuity::signer::{Keyless, Signer};

const STORE: &str = "RACE_STORE";
const NAMESPACE: &str = "RACE_NAMESPACE";
const WRITER: &str = "RACE_WRITER";
const REPOSITORIES: &str = "RACE_REPOSITORIES";
const ROUNDS: &str = "RACE_ROUNDS";
const ACKNOWLEDGED: &str = "acknowledged";

/// How to start writers on one store.
pub struct Race<'a> {
    /// The test that is [`write_as_told`].
    pub writer: &'static str,
    /// As for `--store`.
    pub store: String,
    /// The store's namespace.
    pub namespace: &'a str,
    pub kubeconfig: Option<&'a std::path::Path>,
    pub repositories: usize,
}

/// Something written, by a writer's own words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Acknowledged {
    repository: String,
    generation: u64,
    digest: String,
}

/// What has been seen in a store, to tell later whether anything was lost.
#[derive(Debug, Default)]
pub struct Memory(BTreeMap<String, (u64, BTreeSet<Digest>)>);

fn repository(number: usize) -> Repository {
    format!("registry.example/race/{number}").parse().unwrap()
}

/// What a writer does with one repository, until it is acknowledged: the part that stands for `learn`.
fn observe(store: &dyn Store, repository: &Repository, digest: &Digest) -> u64 {
    loop {
        let stored = store.read(repository).unwrap();
        let (mut baseline, over) = match (stored.lookup, stored.revision) {
            (Lookup::Absent, Revision::Absent) => (first(repository), Revision::Absent),
            (Lookup::Usable(baseline), over @ Revision::At(_)) => (*baseline, over),
            other => panic!("{repository}: {other:?}"),
        };
        let signer = baseline.signers[0].id();
        baseline
            .verified
            .push(Verified::new(digest.clone(), &signer, now()));
        baseline.generation += 1;
        match store.write(&baseline, &over) {
            Ok(_) => return baseline.generation,
            Err(StoreError::Conflict(_)) => {}
            Err(error) => panic!("{repository}: {error}"),
        }
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000, 0).unwrap()
}

fn first(repository: &Repository) -> Baseline {
    let mut baseline = Baseline::new(repository.clone(), Rank::Keyless, now());
    baseline.formats = vec![Format::Cosign2];
    baseline.signers = vec![SignerRecord {
        signer: Signer::Keyless(Keyless {
            issuer: "https://token.actions.githubusercontent.com".to_owned(),
            subject: "https://github.com/acme/api/.github/workflows/release.yml@refs/tags/*"
                .to_owned(),
            caller: None,
        }),
        origin: Origin::Observed,
        alone: true,
        first_seen: now(),
        last_seen: now(),
        digests: 1,
        retired: None,
    }];
    baseline
}

/// The body of a writer's process.
pub fn write_as_told() {
    let told = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let location: Location = told(STORE).parse().unwrap();
    let store = location.open(&told(NAMESPACE), false).unwrap();
    let (writer, repositories) = (told(WRITER), told(REPOSITORIES).parse().unwrap());
    let rounds: usize = told(ROUNDS).parse().unwrap();
    for round in 0..rounds {
        for number in 0..repositories {
            let repository = repository(number);
            let digest = Digest::of(format!("{writer} {round} {repository}").as_bytes());
            let generation = observe(&*store, &repository, &digest);
            let mut output = std::io::stdout().lock();
            writeln!(
                output,
                "\n{ACKNOWLEDGED} {repository} {generation} {digest}"
            )
            .unwrap();
            output.flush().unwrap();
        }
    }
}

impl Race<'_> {
    fn start(&self, name: &str, rounds: usize) -> (Child, BufReader<ChildStdout>) {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args([self.writer, "--exact", "--ignored", "--nocapture"])
            .env(STORE, &self.store)
            .env(NAMESPACE, self.namespace)
            .env(WRITER, name)
            .env(REPOSITORIES, self.repositories.to_string())
            .env(ROUNDS, rounds.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        if let Some(path) = self.kubeconfig {
            command.env("KUBECONFIG", path);
        }
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        (child, output)
    }

    /// Starts writers and kills each at a random point of its work, so many times. All that they acknowledged is there.
    pub fn killed(&self, times: usize, store: &dyn Store) -> Vec<Acknowledged> {
        let mut random = Random::new();
        let mut memory = Memory::default();
        let mut all = Vec::new();
        for time in 0..times {
            let (mut child, mut output) = self.start(&format!("killed {time}"), usize::MAX);
            // After some of its writes, and then somewhere in the next ones.
            let mut acknowledged = Vec::new();
            let enough = 1 + random.below(4);
            while acknowledged.len() < enough {
                acknowledged.push(next(&mut output).expect("a writer writes until it is killed"));
            }
            let point = Instant::now() + Duration::from_micros(random.below(8_000) as u64);
            while Instant::now() < point {
                std::hint::spin_loop();
            }
            child.kill().unwrap();
            child.wait().unwrap();
            acknowledged.extend(std::iter::from_fn(|| next(&mut output)));
            all.extend(acknowledged);
            memory.compare(store);
        }
        memory.assert_has(&all);
        all
    }

    /// One more writer, to its end.
    pub fn once_more(&self, store: &dyn Store) {
        let mut memory = Memory::default();
        memory.compare(store);
        let (mut child, mut output) = self.start("once more", 1);
        let acknowledged: Vec<_> = std::iter::from_fn(|| next(&mut output)).collect();
        assert!(child.wait().unwrap().success());
        memory.compare(store);
        memory.assert_has(&acknowledged);
    }

    /// So many writers at once, each with as many rounds over all repositories, to their end.
    pub fn at_once(&self, writers: usize, rounds: usize, store: &dyn Store) {
        let running: Vec<_> = (0..writers)
            .map(|number| self.start(&format!("writer {number}"), rounds))
            .map(|(mut child, mut output)| {
                std::thread::spawn(move || {
                    let acknowledged: Vec<_> = std::iter::from_fn(|| next(&mut output)).collect();
                    assert!(child.wait().unwrap().success());
                    acknowledged
                })
            })
            .collect();
        let all: Vec<_> = running
            .into_iter()
            .flat_map(|writer| writer.join().unwrap())
            .collect();
        assert_eq!(all.len(), writers * rounds * self.repositories);
        let mut memory = Memory::default();
        memory.compare(store);
        memory.assert_has(&all);
        // Nobody wrote over anybody: each write is one generation.
        assert_eq!(memory.0.len(), self.repositories);
        for (repository, (generation, digests)) in &memory.0 {
            assert_eq!(*generation, (writers * rounds) as u64, "{repository}");
            assert_eq!(digests.len(), writers * rounds, "{repository}");
        }
        let distinct: BTreeSet<_> = all
            .iter()
            .map(|it| (&it.repository, it.generation))
            .collect();
        assert_eq!(
            distinct.len(),
            all.len(),
            "two writers wrote one generation"
        );
    }
}

impl Memory {
    /// Holds what is there against what was: everything usable, nothing lost, no generation lower.
    pub fn compare(&mut self, store: &dyn Store) {
        let mut there = BTreeMap::new();
        for listed in store.list().unwrap() {
            let baseline = listed
                .baseline
                .unwrap_or_else(|why| panic!("{}: {why}", listed.name));
            let digests = baseline.verified.iter().map(|it| it.digest.clone());
            there.insert(
                baseline.repository.to_string(),
                (baseline.generation, digests.collect::<BTreeSet<_>>()),
            );
        }
        for (repository, (generation, digests)) in &self.0 {
            let (now, has) = there
                .get(repository)
                .unwrap_or_else(|| panic!("{repository} is lost"));
            assert!(now >= generation, "{repository}: {generation} became {now}");
            assert!(has.is_superset(digests), "{repository} has shrunk");
        }
        self.0 = there;
    }

    fn assert_has(&self, all: &[Acknowledged]) {
        for one in all {
            let (generation, digests) = &self.0[&one.repository];
            assert!(*generation >= one.generation, "{one:?}");
            assert!(digests.contains(&one.digest.parse().unwrap()), "{one:?}");
        }
    }
}

fn next(output: &mut BufReader<ChildStdout>) -> Option<Acknowledged> {
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let mut words = line.split_whitespace();
        // The last line of a killed writer may be cut: then nobody was told.
        if words.next() == Some(ACKNOWLEDGED) && line.ends_with('\n') {
            return Some(Acknowledged {
                repository: words.next()?.to_owned(),
                generation: words.next()?.parse().ok()?,
                digest: words.next()?.to_owned(),
            });
        }
    }
}

/// Other points on every run.
struct Random(u64);

impl Random {
    fn new() -> Self {
        let since = SystemTime::UNIX_EPOCH.elapsed().unwrap();
        Self(since.as_nanos() as u64 | 1)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}
