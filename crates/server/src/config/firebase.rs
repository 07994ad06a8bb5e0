//! Whose Firebase ID tokens are taken: the project, and where its keys are.

use std::{fs, io};

use serde_json::Value;
use serene_core::accounts::{FirebaseKeys, FirebaseOptions};
use url::{Host, Url};

use super::{
    error::ConfigError,
    loader::Loader,
    network::ServiceUrl,
    settings::{
        FIREBASE_AUTH_EMULATOR_HOST, FIREBASE_CERTS_URL, FIREBASE_CREDENTIALS, FIREBASE_PROJECT_ID,
    },
};

/// A service account's file, of which only the project is read.
struct Credentials {
    path: String,
    /// `None` when there is no such file.
    project_id: Option<String>,
}

/// Takes their settings. Without a project no ID token is taken.
pub(super) fn load(l: &mut Loader<'_>) -> Result<Option<FirebaseOptions>, ConfigError> {
    let file = l.optional(&FIREBASE_CREDENTIALS, credentials, |file| file.path.clone())?;
    let given = l.optional(&FIREBASE_PROJECT_ID, project_id, Clone::clone)?;
    let url = l.required(&FIREBASE_CERTS_URL, ServiceUrl::parse, ToString::to_string)?;
    let emulator = l.optional(&FIREBASE_AUTH_EMULATOR_HOST, emulator, Clone::clone)?;
    let missing = file.as_ref().filter(|file| file.project_id.is_none());
    if let (None, Some(missing)) = (&given, missing) {
        l.warnings.push(format!(
            "FIREBASE_CREDENTIALS names {}, which is not there: no Firebase ID token is taken",
            missing.path
        ));
    }
    let Some(project_id) = given.or(file.and_then(|file| file.project_id)) else {
        if emulator.is_none() {
            return Ok(None);
        }
        let problem = "is set, and no project is: set FIREBASE_PROJECT_ID".to_owned();
        let setting = &FIREBASE_AUTH_EMULATOR_HOST;
        return Err(l.origin(setting).error(setting, problem));
    };
    let keys = match emulator {
        Some(_) => FirebaseKeys::Emulator,
        None => FirebaseKeys::At(url.as_str().to_owned()),
    };
    Ok(Some(FirebaseOptions { project_id, keys }))
}

fn credentials(path: &str) -> Result<Credentials, String> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Credentials { path: path.to_owned(), project_id: None });
        }
        Err(error) => return Err(format!("{path} cannot be read: {error}")),
    };
    let file: Value = serde_json::from_str(&text).unwrap_or_default();
    let name = file["project_id"].as_str();
    let problem = || format!("{path} is no service account's file: it has no \"project_id\"");
    let project_id = project_id(name.ok_or_else(problem)?)?;
    Ok(Credentials { path: path.to_owned(), project_id: Some(project_id) })
}

fn project_id(value: &str) -> Result<String, String> {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    if value.is_empty() || value.len() > 128 || !value.chars().all(known) {
        return Err("is no project id; give one such as my-project-1a2b3".to_owned());
    }
    Ok(value.to_owned())
}

fn emulator(value: &str) -> Result<String, String> {
    if value.is_empty() || value.contains(char::is_whitespace) {
        return Err("is no address; give one such as 127.0.0.1:9099".to_owned());
    }
    Ok(value.to_owned())
}

/// Whether keys that come from here may be believed by a server that others reach: what travels
/// through a network in the open can be exchanged on the way.
pub(super) fn is_safe(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || here
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_accounts_file_names_its_project() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("serviceAccountKey.json");
        let name = path.to_str().unwrap();
        let read = || credentials(name).map(|file| file.project_id);
        assert_eq!(read(), Ok(None));
        fs::write(&path, r#"{"type": "service_account", "project_id": "demo-1"}"#).unwrap();
        assert_eq!(read(), Ok(Some("demo-1".to_owned())));
        for wrong in ["", "{}", "[]", r#"{"project_id": 5}"#] {
            fs::write(&path, wrong).unwrap();
            assert!(read().unwrap_err().ends_with("it has no \"project_id\""), "{wrong}");
        }
        fs::write(&path, r#"{"project_id": "a b"}"#).unwrap();
        assert!(read().unwrap_err().starts_with("is no project id"));
        assert!(credentials(folder.path().to_str().unwrap()).is_err());
    }

    #[test]
    fn keys_come_by_https_or_from_this_machine() {
        for safe in [
            "https://keys.example.org",
            "http://localhost:1",
            "http://127.0.0.1/k",
            "http://[::1]/",
        ] {
            assert!(is_safe(safe), "{safe}");
        }
        for unsafe_one in ["http://keys.example.org", "http://10.0.0.1/", "http://localhost.evil/"]
        {
            assert!(!is_safe(unsafe_one), "{unsafe_one}");
        }
    }
}
