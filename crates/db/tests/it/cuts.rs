//! A connection that breaks at a chosen moment: a proxy between the database and its server reads
//! along, and cuts it off at a word.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use serene_db::DbError;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::{
    engines::{Kind, Site},
    house,
};

/// What becomes of the packet with the word in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// It never arrives.
    Before,
    /// It arrives, and its answer does not.
    After,
}

/// Cuts the first `times` connections that say `word`.
struct Proxy {
    address: String,
    cuts: Arc<AtomicU32>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    async fn start(server: String, word: &'static str, cut: Cut, times: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let cuts = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&cuts);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(&server).await.unwrap();
                connections.spawn(pass_on(client, server, word, cut, times, Arc::clone(&counted)));
            }
        });
        Self { address, cuts, _tasks: tasks }
    }
}

async fn pass_on(
    mut client: TcpStream,
    mut server: TcpStream,
    word: &'static str,
    cut: Cut,
    times: u32,
    cuts: Arc<AtomicU32>,
) {
    let (mut asked, mut answered) = (vec![0; 65536], vec![0; 65536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(read @ 1..) = read else { return };
                let packet = &asked[..read];
                let says = packet.windows(word.len()).any(|part| part == word.as_bytes());
                let now = says && cuts.load(Ordering::SeqCst) < times;
                if now {
                    cuts.fetch_add(1, Ordering::SeqCst);
                }
                if !(now && cut == Cut::Before) {
                    server.write_all(packet).await.unwrap();
                }
                if now {
                    if cut == Cut::After {
                        // Its answer says that the server is done.
                        let _ = server.read(&mut answered).await;
                    }
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(read @ 1..) = read else { return };
                if client.write_all(&answered[..read]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// A database on each server, and another handle to it that goes through a proxy.
async fn behind_a_proxy(
    kind: Kind,
    word: &'static str,
    cut: Cut,
    times: u32,
) -> Option<(Site, serene_db::Db, Proxy)> {
    let site = Site::furnished(kind).await?;
    let url = site.url();
    let server = url.split(['@', '/']).nth(3).unwrap().to_owned();
    let proxy = Proxy::start(server.clone(), word, cut, times).await;
    let db = site.with(|options| options.url = url.replace(&server, &proxy.address)).await;
    Some((site, db, proxy))
}

#[tokio::test]
async fn a_write_cut_off_before_commit_is_done_again() {
    for kind in [Kind::Postgres, Kind::Mysql] {
        for word in ["READ WRITE", "INSERT INTO things"] {
            for cut in [Cut::Before, Cut::After] {
                let Some((site, db, proxy)) = behind_a_proxy(kind, word, cut, 2).await else {
                    continue;
                };
                assert_eq!(db.commit(house::add_thing(1)).await, Ok(vec![1]), "{kind:?} {word}");
                assert_eq!(proxy.cuts.load(Ordering::SeqCst), 2, "{kind:?} {word} {cut:?}");
                assert_eq!(site.things().await, [1]);
            }
        }
    }
}

#[tokio::test]
async fn a_write_cut_off_at_commit_is_not_done_again_and_says_that_it_is_not_known() {
    // As the protocols have it: each connection is told READ COMMITTED as well.
    for (kind, commit) in [(Kind::Postgres, "COMMIT\0"), (Kind::Mysql, "\u{3}COMMIT")] {
        for (cut, kept) in [(Cut::Before, vec![]), (Cut::After, vec![1])] {
            let Some((site, db, proxy)) = behind_a_proxy(kind, commit, cut, 1).await else {
                continue;
            };
            let answer = db.commit(house::add_thing(1)).await;
            let Err(DbError::Io(text)) = &answer else { panic!("{kind:?} {cut:?}: {answer:?}") };
            assert!(text.contains("not known"), "{text}");
            assert_eq!(proxy.cuts.load(Ordering::SeqCst), 1);
            assert_eq!(site.things().await, kept, "{kind:?} {cut:?}");
            // The caller looks for its row by the id.
            assert_eq!(house::things(&db).await, kept);
            assert_eq!(db.commit(house::add_thing(2)).await, Ok(vec![1]));
            assert!(db.is_writable());
        }
    }
}

#[tokio::test]
async fn a_read_that_is_cut_off_is_done_again() {
    for kind in [Kind::Postgres, Kind::Mysql] {
        for cut in [Cut::Before, Cut::After] {
            let Some((site, db, proxy)) = behind_a_proxy(kind, "FROM things", cut, 3).await else {
                continue;
            };
            site.db.commit(house::add_thing(7)).await.unwrap();
            assert_eq!(house::things(&db).await, [7]);
            assert_eq!(proxy.cuts.load(Ordering::SeqCst), 3, "{kind:?} {cut:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_always_cut_off_is_busy() {
    for kind in [Kind::Postgres, Kind::Mysql] {
        let always = behind_a_proxy(kind, "INSERT INTO things", Cut::Before, u32::MAX).await;
        let Some((site, db, _proxy)) = always else { continue };
        assert_eq!(db.commit(house::add_thing(1)).await, Err(DbError::Busy));
        assert!(!db.is_writable());
        assert_eq!(db.probe().await, Ok(()));
        assert!(db.is_writable());
        assert_eq!(site.things().await, [0_i64; 0]);
    }
}
