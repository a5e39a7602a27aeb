//! What runs pods, and of it: images, arguments, labels, and what is mounted.

use super::manifests::Labels;
use serde_json::Value;

/// Below this folder, and nowhere else, secrets are mounted.
const SECRETS: &str = "/run/secrets/";

/// A deployment or a job, by its pods.
pub(super) struct Workload {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) labels: Labels,
    pub(super) containers: Vec<Container>,
    /// Configurations that are mounted.
    pub(super) configurations: Vec<String>,
    /// Secrets that are mounted, and the folder of each.
    pub(super) secrets: Vec<(String, String)>,
}

/// One container, or one that runs before.
pub(super) struct Container {
    pub(super) image: String,
    pub(super) arguments: Vec<String>,
    /// The values of its variables.
    pub(super) variables: Vec<String>,
    /// Their names.
    pub(super) variable_names: Vec<String>,
    /// Configurations of which every key is a variable, and with what its name begins.
    pub(super) variables_of: Vec<(String, String)>,
    /// Whether a secret is put into a variable.
    pub(super) has_secret_variables: bool,
}

impl Workload {
    /// Whatever has a template of pods.
    pub(super) fn of(document: &Value) -> Option<Self> {
        let template = document["spec"].get("template")?;
        let pod = &template["spec"];
        let containers: Vec<&Value> = ["initContainers", "containers"]
            .into_iter()
            .flat_map(|list| each(&pod[list]))
            .collect();
        let mounts: Vec<&Value> = containers
            .iter()
            .flat_map(|container| each(&container["volumeMounts"]))
            .collect();
        let mut secrets = Vec::new();
        for volume in each(&pod["volumes"]) {
            let Some(secret) = volume["secret"]["secretName"].as_str() else {
                continue;
            };
            let here = mounts
                .iter()
                .filter(|mount| mount["name"] == volume["name"]);
            let folders = here.filter_map(|mount| mount["mountPath"].as_str());
            secrets.extend(folders.map(|folder| (secret.to_owned(), folder.to_owned())));
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Some(Self {
            kind: text(&document["kind"]),
            name: text(&document["metadata"]["name"]),
            labels: super::manifests::labels(&template["metadata"]["labels"]),
            containers: containers.into_iter().map(Container::of).collect(),
            configurations: each(&pod["volumes"])
                .filter_map(|volume| volume["configMap"]["name"].as_str())
                .map(str::to_owned)
                .collect(),
            secrets,
        })
    }

    /// The secret files that it is told to read by these texts, its arguments and its
    /// variables, also inside of addresses.
    pub(super) fn secret_files<'a>(
        &'a self,
        configurations: impl Iterator<Item = &'a String>,
    ) -> impl Iterator<Item = &'a str> {
        let own = self.containers.iter();
        let own = own.flat_map(|container| container.arguments.iter().chain(&container.variables));
        configurations.chain(own).flat_map(|text| named_in(text))
    }
}

impl Container {
    fn of(container: &Value) -> Self {
        let texts = |list: &Value| -> Vec<String> {
            each(list)
                .filter_map(|text| Some(text.as_str()?.to_owned()))
                .collect()
        };
        let mut arguments = texts(&container["command"]);
        arguments.extend(texts(&container["args"]));
        let variables = || each(&container["env"]);
        Self {
            image: container["image"].as_str().unwrap_or_default().to_owned(),
            arguments,
            variables: variables()
                .filter_map(|variable| Some(variable["value"].as_str()?.to_owned()))
                .collect(),
            variable_names: variables()
                .filter_map(|variable| Some(variable["name"].as_str()?.to_owned()))
                .collect(),
            variables_of: each(&container["envFrom"])
                .filter_map(|source| {
                    let configuration = source["configMapRef"]["name"].as_str()?;
                    let prefix = source["prefix"].as_str().unwrap_or_default();
                    Some((configuration.to_owned(), prefix.to_owned()))
                })
                .collect(),
            has_secret_variables: variables()
                .any(|variable| variable["valueFrom"]["secretKeyRef"].is_object())
                || each(&container["envFrom"]).any(|source| source["secretRef"].is_object()),
        }
    }
}

fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn named_in(text: &str) -> impl Iterator<Item = &str> {
    let settings = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    let places = settings.flat_map(|line| {
        line.match_indices(SECRETS)
            .map(move |(begin, _)| &line[begin..])
    });
    let names = places.map(|rest| {
        let of_a_name = |char: char| char.is_ascii_alphanumeric() || "._-/".contains(char);
        let end = rest.find(|char| !of_a_name(char)).unwrap_or(rest.len());
        &rest[..end]
    });
    // A script may put its paths together.
    names.filter(|name| *name != SECRETS)
}
