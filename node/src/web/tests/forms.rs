//! Forms of pages as a browser without scripts reads and sends them.

use super::scene::{Answer, Scene};

/// A form as it stands on a page.
pub(super) struct Form {
    action: String,
    /// Every field with what stands in it, in the order of the page.
    fields: Vec<(String, String)>,
    /// Fields that are sent only if they are chosen.
    unticked: Vec<String>,
}

impl Form {
    /// The form of a page for that kind of event.
    pub(super) fn of_kind(page: &Answer, kind: &str) -> Option<Self> {
        Self::on(page, &format!("name=\"kind\" value=\"{kind}\""))
    }

    /// The first form of a page in which that stands.
    pub(super) fn on(page: &Answer, marker: &str) -> Option<Self> {
        let mut forms = page.text.split("<form ").skip(1);
        let html = forms
            .find(|form| form.split("</form>").next().is_some_and(|form| form.contains(marker)))?;
        let html = html.split("</form>").next()?;
        let (mut fields, mut unticked) = (Vec::new(), Vec::new());
        for tag in html.split('<').skip(1) {
            let Some(name) = attribute(tag, "name") else { continue };
            let value = if tag.starts_with("input") && tag.contains("type=\"checkbox\"") {
                match tag.contains(" checked") {
                    true => "on".to_owned(),
                    false => {
                        unticked.push(name);
                        continue;
                    }
                }
            } else if tag.starts_with("input") {
                attribute(tag, "value").unwrap_or_default()
            } else if tag.starts_with("select") {
                chosen(html, &name)
            } else if tag.starts_with("textarea") {
                plain(tag.split_once('>').map_or("", |(_, text)| text))
            } else {
                continue;
            };
            fields.push((name, value));
        }
        Some(Self { action: attribute(html, "action")?, fields, unticked })
    }

    /// A field more, as a script adds it.
    pub(super) fn bring(&mut self, name: &str, value: &str) {
        self.fields.push((name.to_owned(), value.to_owned()));
    }

    /// Sends it with what was typed over what stands in it, by that button if it has a name.
    pub(super) async fn send(
        &self,
        scene: &Scene,
        typed: &[(&str, &str)],
        button: Option<(&str, &str)>,
    ) -> Answer {
        let mut sent = self.fields.clone();
        for (name, value) in typed {
            match sent.iter_mut().find(|(own, _)| own == name) {
                Some((_, own)) => (*value).clone_into(own),
                None if self.unticked.iter().any(|own| own == name) => {
                    sent.push(((*name).to_owned(), (*value).to_owned()));
                }
                None => panic!("the form has no {name}, only {sent:?}"),
            }
        }
        sent.extend(button.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let sent: Vec<(&str, &str)> =
            sent.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        scene.post(&self.action, &sent).await
    }
}

/// Sends the form of that kind on a dossier's page, and confirms it where the page asks.
pub(super) async fn press(scene: &Scene, path: &str, kind: &str, typed: &[(&str, &str)]) -> Answer {
    let page = scene.get(path).await;
    let form = Form::of_kind(&page, kind).unwrap_or_else(|| panic!("no {kind}: {}", page.text));
    let answer = form.send(scene, typed, None).await;
    if answer.status != 200 {
        return answer;
    }
    let confirm = Form::of_kind(&answer, kind).unwrap();
    confirm.send(scene, &[], Some(("_sure", "yes"))).await
}

/// What a select sends: the chosen option, else the first.
fn chosen(html: &str, name: &str) -> String {
    let (_, rest) = html.split_once(&format!("name=\"{name}\"")).unwrap();
    let options = rest.split("</select>").next().unwrap();
    let mut options = options.split("<option ").skip(1);
    let first = options.clone().next();
    let option = options.find(|option| option.contains("\" selected>")).or(first);
    option.and_then(|option| attribute(option, "value")).unwrap_or_default()
}

/// An attribute of the tag with which the text begins.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let tag = tag.split('>').next()?;
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    rest.split('"').next().map(plain)
}

/// A text without the escapes of HTML.
fn plain(text: &str) -> String {
    let escapes = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    escapes.into_iter().fold(text.to_owned(), |text, (escape, sign)| text.replace(escape, sign))
}
