//! The story, act by act.

use anyhow::Context as _;
use chrono::TimeDelta;
use continuity_testkit::sigstore::{KeyKind, SigningKey};
use continuity_testkit::{Forgery, Identity, Scene, Signer as KitSigner, Victim};
use signature_continuity::signer::Signer;

use super::scene::{Teller, Verdict, fact};
use super::stage::{IMAGE, Stage};
use continuity_cli::baseline::{Approval, approve};
use continuity_cli::output;

/// Tells the whole story.
///
/// # Errors
/// When an act cannot be played, or does not end as told.
pub fn tell(stage: &mut Stage) -> anyhow::Result<()> {
    let mut teller = Teller::default();
    output::print(&format!(
        "A registry and a private Sigstore, both made just now on this machine; nothing leaves it.\n\
         The repository is {}, and pods that run it are asked about in the namespace prod.",
        stage.repository()
    ))?;
    let known = continuity(stage, &mut teller)?;
    let stranger = changes(stage, &mut teller)?;
    enforcement(stage, &mut teller, &known, &stranger)?;
    output::print(
        "\nThat was the main job: who signed is read from proof, held against what was learned, and a change is told.",
    )?;
    Ok(())
}

fn release() -> Identity {
    Identity::github("acme/api", "release.yml", "refs/tags/v1.0.0")
}

/// What honest releases look like. Ends with the digest of one that was learned.
fn continuity(stage: &mut Stage, teller: &mut Teller) -> anyhow::Result<String> {
    teller.chapter("Continuity is learned")?;
    let v1 = push(stage, "v1")?;
    stage.sign(&v1, &release())?;
    teller.act("A first release", "acme/api:v1 is pushed, signed keyless by its release workflow. Nobody configured anything.")?;
    teller.verdict(&stage.admit(&image(stage, "v1"))?, Verdict::Admitted, "new")?;
    teller.act(
        "The learner looks at what runs",
        "It proves the signature and keeps who made it, in a ConfigMap.",
    )?;
    teller.lesson(&stage.learn(&image(stage, "v1"))?)?;

    stage.pass(TimeDelta::hours(25));
    let v2 = push(stage, "v2")?;
    stage.sign(
        &v2,
        &Identity::github("acme/api", "release.yml", "refs/tags/v2.0.0"),
    )?;
    teller.act(
        "The next day, the next release",
        "Another tag of the same workflow: that is the same signer.",
    )?;
    teller.verdict(
        &stage.admit(&image(stage, "v2"))?,
        Verdict::Admitted,
        "none",
    )?;
    teller.lesson(&stage.learn(&image(stage, "v2"))?)?;
    Ok(v2)
}

/// What somebody with stolen push access can do. Ends with the digest of an image by another signer.
fn changes(stage: &mut Stage, teller: &mut Teller) -> anyhow::Result<String> {
    teller.chapter(
        "Then somebody has stolen push access (nothing is enforced yet: it is only told)",
    )?;
    stage.pass(TimeDelta::days(3));

    push(stage, "v3")?;
    teller.act("An unsigned image", "acme/api:v3 has no signature at all.")?;
    teller.verdict(
        &stage.admit(&image(stage, "v3"))?,
        Verdict::Warned,
        "unsigned",
    )?;

    let v4 = push(stage, "v4")?;
    stage.sign(&v4, &Identity::google("dev@acme.example"))?;
    teller.act(
        "Another signer",
        "acme/api:v4 is signed, validly, by somebody who never signed here.",
    )?;
    let outcome = stage.admit(&image(stage, "v4"))?;
    teller.verdict(&outcome, Verdict::Warned, "signer")?;

    let v5 = push(stage, "v5")?;
    let key = SigningKey::generate(KeyKind::P256)?;
    let signer = KitSigner::key(&key).logged_in(stage.sigstore.log());
    let signature = signer.sign(&stage.repository(), &v5, stage.now())?;
    stage
        .registry
        .push_signature(IMAGE, &v5, &[signature.layer()?])?;
    teller.act(
        "A key where there was an identity",
        "acme/api:v5 is signed with a long-lived key: weaker evidence, and a stranger.",
    )?;
    teller.verdict(
        &stage.admit(&image(stage, "v5"))?,
        Verdict::Warned,
        "downgrade",
    )?;

    let v6 = push(stage, "v6")?;
    let now = stage.now();
    let past = now - TimeDelta::days(20);
    let repository = stage.repository();
    let victim = Victim::new(
        &stage.sigstore,
        &repository,
        &release(),
        &past_digests(),
        past,
    )?;
    let scene = Scene {
        sigstore: &stage.sigstore,
        victim: &victim,
        digest: &v6,
        at: now,
    };
    let layers = Forgery::CopiedCertificateAndEntry.layers(&scene)?;
    stage.registry.push_signature(IMAGE, &v6, &layers)?;
    teller.act(
        "A forgery from copied parts",
        "acme/api:v6 carries the publisher's real certificate and a real log entry, both copied from an\n\
         older release, beside a signature of the attacker's own.",
    )?;
    teller.verdict(
        &stage.admit(&image(stage, "v6"))?,
        Verdict::Warned,
        "invalid",
    )?;

    teller.act(
        "Another spelling",
        "The unsigned v3 again, with the registry's name in capitals: no way around the past.",
    )?;
    let spelled = image(stage, "v3").replace("localhost", "LOCALHOST");
    teller.verdict(&stage.admit(&spelled)?, Verdict::Warned, "unsigned")?;

    stage.registry.stop()?;
    teller.act(
        "The registry is down",
        "v4 again, but nobody answers: that is not \"unsigned\", and it is never learned.",
    )?;
    teller.verdict(
        &stage.admit(&image(stage, "v4"))?,
        Verdict::Warned,
        "undetermined",
    )?;
    stage.registry.restart()?;
    Ok(v4)
}

fn enforcement(
    stage: &mut Stage,
    teller: &mut Teller,
    known: &str,
    stranger: &str,
) -> anyhow::Result<()> {
    teller.chapter("The namespace prod is enforced from now on")?;
    stage.enforce();

    teller.act("The unsigned image", "")?;
    teller.verdict(
        &stage.admit(&image(stage, "v3"))?,
        Verdict::Denied,
        "unsigned",
    )?;
    teller.act(
        "The other signer",
        "What whoever deploys gets to read, in full:",
    )?;
    teller.verdict(
        &stage.admit(&image(stage, "v4"))?,
        Verdict::Denied,
        "signer",
    )?;
    teller.act("The release", "Nothing changed for it. Named by its digest it needs one look-up, even with the registry down.")?;
    stage.registry.stop()?;
    teller.verdict(
        &stage.admit(&format!("{}@{known}", stage.repository()))?,
        Verdict::Admitted,
        "none",
    )?;
    stage.registry.restart()?;

    teller.chapter("It was meant: the publisher signs v4 by hand now")?;
    let v4 = format!("{}@{stranger}", stage.repository());
    let seen = stage.observe(&v4)?;
    let signature = seen
        .signatures
        .first()
        .context("the signer of v4 is not proven")?;
    let signer: &Signer = signature.proven.signer();
    let approval = Approval {
        by: "you".to_owned(),
        reason: "TICKET-12".to_owned(),
        at: stage.now(),
    };
    stage.decide(&v4, |before| approve(before, signer, false, &approval))?;
    teller.act(
        "An approval",
        &format!("The signer {} is read again from the image's proof and put on the record, with who and why:\n{signer}", signer.id().short()),
    )?;
    let outcome = stage.admit(&image(stage, "v4"))?;
    teller.verdict(&outcome, Verdict::Admitted, "none")?;
    output::print(&format!("     | signers: {}", fact(&outcome, "signers")))?;
    Ok(())
}

fn push(stage: &Stage, tag: &str) -> anyhow::Result<String> {
    stage.registry.push_image(IMAGE, tag, tag)
}

fn image(stage: &Stage, tag: &str) -> String {
    format!("{}:{tag}", stage.repository())
}

/// Two releases of the time before the story.
fn past_digests() -> [&'static str; 2] {
    [
        "sha256:1111111111111111111111111111111111111111111111111111111111111111",
        "sha256:2222222222222222222222222222222222222222222222222222222222222222",
    ]
}
