#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::baseline::config_map_name;
use proptest::prelude::*;
use rstest::rstest;

fn repository(text: &str) -> Repository {
    text.parse().unwrap()
}

fn encoded(names: &[Name]) -> String {
    STANDARD.encode(names.as_flattened())
}

const ONE: Name = [0x10, 0, 0, 0, 0, 0, 0, 1];
const TWO: Name = [0x1f, 0, 0, 0, 0, 0, 0, 0];

#[test]
fn a_shard_is_the_first_digit_of_the_baselines_name() {
    for name in ["ghcr.io/acme/api", "docker.io/library/nginx", "quay.io/a/b"] {
        let repository = repository(name);
        let hash = config_map_name(&repository).replace("continuity-", "");
        let shard = Shard::of(&repository).config_map_name();
        assert_eq!(shard, format!("continuity-names-{}", &hash[..1]));
    }
    let all: Vec<String> = Shard::all().map(Shard::config_map_name).collect();
    assert_eq!((all.len(), all[15].as_str()), (16, "continuity-names-f"));
}

#[test]
fn names_are_the_first_8_bytes_of_the_baselines_name_in_base64() {
    let repository = repository("ghcr.io/acme/api");
    let mut names = Names::new(Shard::of(&repository));
    assert_eq!(names.insert(&repository), Ok(true));
    assert_eq!(names.insert(&repository), Ok(false));
    let hash = config_map_name(&repository).replace("continuity-", "");
    let bytes = STANDARD.decode(names.encode()).unwrap();
    assert_eq!(hex::encode(bytes), hash[..16]);
}

#[rstest]
#[case::none(String::new(), Ok(0))]
#[case::two(encoded(&[ONE, TWO]), Ok(2))]
#[case::falling(encoded(&[TWO, ONE]), Err(NamesError::Order))]
#[case::twice(encoded(&[ONE, ONE]), Err(NamesError::Order))]
#[case::another_shard(encoded(&[[0x20, 0, 0, 0, 0, 0, 0, 0]]), Err(NamesError::Shard(Shard(1))))]
#[case::cut(encoded(&[ONE])[..8].to_owned(), Err(NamesError::Encoding))]
#[case::no_base64("?".to_owned(), Err(NamesError::Encoding))]
#[case::line_break(format!("{}\n", encoded(&[ONE])), Err(NamesError::Encoding))]
#[case::huge("A".repeat(1024 * 1024), Err(NamesError::TooMany))]
fn parses_exactly_what_is_written(
    #[case] text: String,
    #[case] expected: Result<usize, NamesError>,
) {
    assert_eq!(Names::parse(&text, Shard(1)).map(|n| n.len()), expected);
}

#[test]
fn a_config_map_without_names_is_no_empty_one() {
    let mut map = ConfigMapData::default();
    assert_eq!(
        Names::of_config_map(&map, Shard(1)),
        Err(NamesError::Missing)
    );
    map.data.insert(NAMES_KEY.to_owned(), String::new());
    assert_eq!(
        Names::of_config_map(&map, Shard(1)),
        Ok(Names::new(Shard(1)))
    );
}

#[test]
fn as_many_as_fit_one_object_and_no_more() {
    let mut names = Names::new(Shard(1));
    let most = u32::try_from(MOST).unwrap();
    names.names = (0..most)
        .map(|n| {
            let [a, b, c, d] = n.to_be_bytes();
            [0x10, 0, 0, 0, a, b, c, d]
        })
        .collect();
    assert_eq!(Names::parse(&names.encode(), Shard(1)), Ok(names.clone()));
    assert!(names.encode().len() < 1024 * 1024);
    assert_eq!(names.insert_name(TWO), Err(NamesError::TooMany));
    names.names.pop();
    assert_eq!(names.insert_name(TWO), Ok(true));
}

#[test]
fn shards_are_not_mixed() {
    let mut one = Names::new(Shard(1));
    assert_eq!(
        one.insert_name([0x20; LENGTH]),
        Err(NamesError::Shard(Shard(1)))
    );
}

proptest! {
    #[test]
    fn what_was_named_is_found_again(paths in proptest::collection::btree_set("[a-z]{1,8}", 0..40)) {
        let mut shards: Vec<Names> = Shard::all().map(Names::new).collect();
        let named: Vec<Repository> = paths.iter().map(|p| repository(&format!("r.example/{p}"))).collect();
        for repository in &named {
            let shard = shards.iter_mut().find(|n| n.shard() == Shard::of(repository)).unwrap();
            prop_assert_eq!(shard.insert(repository), Ok(true));
        }
        prop_assert_eq!(shards.iter().map(Names::len).sum::<usize>(), named.len());
        for names in &shards {
            let again = Names::parse(&names.encode(), names.shard()).unwrap();
            prop_assert_eq!(&again, names);
            for repository in &named {
                prop_assert_eq!(names.contains(repository), Shard::of(repository) == names.shard());
            }
        }
        for repository in &named {
            let shard = shards.iter_mut().find(|n| n.shard() == Shard::of(repository)).unwrap();
            prop_assert!(shard.remove(repository) && !shard.contains(repository));
        }
    }

    #[test]
    fn no_text_is_read_as_something_else(text in "[A-Za-z0-9+/=]{0,64}") {
        if let Ok(names) = Names::parse(&text, Shard(1)) {
            prop_assert_eq!(names.encode(), text);
        }
    }
}
