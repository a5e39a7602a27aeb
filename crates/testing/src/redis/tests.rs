use super::*;

fn set(server: &RedisServer, key: &[u8], value: &[u8]) {
    let reply = server.ask(&[b"SET", key, value]);
    assert_eq!(reply, Reply::Status("OK".to_owned()));
}

fn get(server: &RedisServer, key: &[u8]) -> Reply {
    server.ask(&[b"GET", key])
}

#[test]
fn an_old_copy_comes_back_with_what_it_held() {
    let Some(mut server) = RedisServer::start("an_old_copy_comes_back_with_what_it_held") else {
        return;
    };
    set(&server, b"key", b"old");
    let saved = server.save();
    set(&server, b"key", b"new\r\n");
    assert_eq!(get(&server, b"key"), Reply::Bytes(b"new\r\n".to_vec()));
    server.restart_from(&saved);
    assert_eq!(get(&server, b"key"), Reply::Bytes(b"old".to_vec()));
    assert_eq!(server.keys(), [b"key".to_vec()]);
    server.flush();
    assert_eq!(get(&server, b"key"), Reply::Nothing);
    set(&server, b"key", b"again");
    server.restart();
    assert_eq!(get(&server, b"key"), Reply::Nothing);
}

#[test]
fn a_paused_server_is_silent_and_a_killed_one_gone() {
    let Some(mut server) = RedisServer::start("a_paused_server_is_silent_and_a_killed_one_gone")
    else {
        return;
    };
    server.pause();
    let soon = Duration::from_millis(100);
    let mut silent = Conversation::begin(server.port(), soon).unwrap();
    assert!(silent.ask(&[b"PING"]).is_err());
    server.resume();
    assert_eq!(server.ask(&[b"PING"]), Reply::Status("PONG".to_owned()));
    server.kill();
    assert!(Conversation::begin(server.port(), soon).is_err());
    server.restart();
    server.stop();
    assert!(Conversation::begin(server.port(), soon).is_err());
}

#[test]
fn nothing_is_left_of_a_dropped_server() {
    let Some(mut server) = RedisServer::start("nothing_is_left_of_a_dropped_server") else {
        return;
    };
    // A process that stands still ends too.
    server.pause();
    let (folder, port) = (server.held.its_folder().to_owned(), server.port());
    drop(server);
    assert!(!folder.exists());
    assert!(Conversation::begin(port, Duration::from_secs(1)).is_err());
}

#[test]
fn masters_of_a_cluster_send_away_what_is_not_theirs() {
    let name = "masters_of_a_cluster_send_away_what_is_not_theirs";
    let Some(masters) = RedisServer::start_cluster(name) else {
        return;
    };
    let replies = masters.each_ref().map(|master| get(master, b"key"));
    let own = replies.iter().filter(|reply| **reply == Reply::Nothing);
    assert_eq!(own.count(), 1);
    let moved = |reply: &&Reply| matches!(reply, Reply::Error(error) if error.starts_with("MOVED"));
    assert_eq!(replies.iter().filter(moved).count(), 2);
}
