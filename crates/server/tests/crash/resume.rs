//! A reader who comes back after the crash gets the rest of exactly what is stored.

use crate::{
    check::Checker,
    dice::Dice,
    wire::{Call, Event, Events, Generation, WireError},
    wishes::Told,
};

/// Resumes a reply at some offset, inside a character, and past its end.
pub(crate) async fn check(
    checker: &mut Checker<'_>,
    told: &Told,
    dice: &mut Dice,
) -> Result<(), WireError> {
    let (Some(reading), Some(chat)) = (&told.reading, told.wish.chat()) else { return Ok(()) };
    let path = format!("/generations/{}", reading.generation);
    let generation = checker.api.find::<Generation>(checker.token(told.wish.user), path.clone());
    let Some(generation) = generation.await? else { return Ok(()) };
    let Some(reply) = checker.book.chats[chat].replies.get(&generation.message_id) else {
        return Ok(());
    };
    let stored = reply.text.clone();
    let offset = stored.floor_char_boundary(dice.index(stored.len() + 1));
    let inside = stored.char_indices().filter(|(_, c)| c.len_utf8() > 1).map(|(at, _)| at + 1);
    let inside: Vec<usize> = inside.collect();
    for (after, rest) in [(offset, &stored[offset..]), (stored.len() + 10, "")] {
        let read = read_from(checker, told.wish.user, &path, after).await?;
        checker.tally.resumed += 1;
        if read != Ok((rest.to_owned(), stored.clone())) {
            let length = stored.len();
            checker
                .findings
                .wrong(format!("{path} from {after} is not the rest of {length} bytes"));
        }
    }
    if let Some(after) = dice.pick(&inside) {
        let read = read_from(checker, told.wish.user, &path, *after).await?;
        if read != Err("400".to_owned()) {
            checker.findings.wrong(format!("{path} from {after}, inside a character: {read:?}"));
        }
    }
    Ok(())
}

/// The text after an offset, and the whole as `done` tells it; or what came instead.
async fn read_from(
    checker: &Checker<'_>,
    user: usize,
    path: &str,
    after: usize,
) -> Result<Result<(String, String), String>, WireError> {
    let path = format!("{path}/stream?after={after}");
    let response = checker.api.send(Call::get(checker.token(user), path)).await?;
    let status = response.status().as_u16();
    if status != 200 {
        return Ok(Err(status.to_string()));
    }
    let mut events = Events::new(response);
    let mut text = String::new();
    while let Some(event) = events.next().await? {
        match event {
            Event::Delta(_, delta) => text.push_str(&delta),
            Event::Done(message) => return Ok(Ok((text, message.content))),
            Event::Other(name) => return Ok(Err(name)),
        }
    }
    Ok(Err("a stream without an end".to_owned()))
}
