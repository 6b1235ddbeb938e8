//! The registers and services of others on the sample day: the server's own sandbox, as a process of its own, that knows
//! the people of the day. What it says about them is what the story of the day needs: it knows everybody as their papers
//! have them, so that a form which differs from the papers differs from the register too.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use loket_core::application::EarlierPassport;
use loket_core::nik::Sex;
use loket_server::sandbox::Person;

use crate::day::Place;
use crate::sample::{self, SampleApplicant, SampleDay};
use crate::window::free_port;

/// The outside systems that the sample day asks. Billing is not among them: its bills were paid days ago.
const ASKED: [&str; 5] = ["population", "ban-list", "travel-documents", "production", "post"];

/// A sandbox of a run.
pub struct Outside {
    process: Child,
    url: String,
}

fn person(applicant: &SampleApplicant) -> Person {
    let form = &applicant.form;
    let passports = applicant.earlier_passport.iter().map(|p| EarlierPassport {
        number: p.number.clone(),
        issued: p.issued,
        expires: p.expires,
    });
    Person {
        nik: form.nik.clone(),
        full_name: applicant.on_paper.ktp_name.clone(),
        birth_date: applicant.on_paper.birth_date,
        birth_place: Some(form.birth_place.clone()),
        sex: Some(match form.sex {
            sample::Sex::Male => Sex::Male,
            sample::Sex::Female => Sex::Female,
        }),
        mother_name: Some(form.mother_name.clone()),
        passports: passports.collect(),
        passports_by_name: Vec::new(),
        banned: false,
        no_answer: false,
        quality_failures: 0,
        post_returns: false,
    }
}

impl Outside {
    /// Starts a sandbox that knows nobody yet.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn start(place: &Place) -> anyhow::Result<Outside> {
        let port = free_port()?;
        let log = std::fs::File::options().create(true).append(true).open(place.folder.join("sandbox.log"))?;
        let process = Command::new(place.program("loket-server"))
            .args(["sandbox", "--listen", &format!("127.0.0.1:{port}")])
            .envs(place.environment())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("Starting the sandbox")?;
        let outside = Outside { process, url: format!("http://127.0.0.1:{port}") };
        let http = reqwest::Client::builder().no_proxy().build()?;
        for _ in 0..200 {
            if http.get(format!("{}/control/asked", outside.url)).send().await.is_ok() {
                return Ok(outside);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the sandbox did not answer; its log is in {}", place.folder.display())
    }

    /// What the server is told.
    pub fn arguments(&self) -> Vec<String> {
        ASKED.iter().flat_map(|name| [format!("--{name}-url"), format!("{}/{name}", self.url)]).collect()
    }

    /// Tells it who comes.
    ///
    /// # Errors
    /// When it does not take them in.
    pub async fn knows(&self, day: &SampleDay) -> anyhow::Result<()> {
        let people: Vec<Person> = day.applicants.iter().map(person).collect();
        let http = reqwest::Client::builder().no_proxy().build()?;
        let answer = http.put(format!("{}/control/people", self.url)).json(&people).send().await?;
        ensure!(answer.status().is_success(), "the sandbox does not take the people in: {}", answer.status());
        Ok(())
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
