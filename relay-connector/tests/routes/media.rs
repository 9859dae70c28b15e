//! `POST /relay/media` and `GET /relay/media/{id}`.

use hyper::{Request, Response};
use relay_connector::Tenant;
use relay_wire::MediaResponse;

use crate::rig::{self, Rig};
use crate::{HOME, limits, refused, start, start_with};

async fn token(rig: &Rig, tenant: &str, gateway: &str) -> String {
    Rig::upgrade_token(gateway, &rig.enroll_for(&Tenant::new(tenant).unwrap(), gateway).await)
}

async fn upload(rig: &Rig, token: &str, headers: &[(&str, &str)], file: Vec<u8>) -> Response<String> {
    let mut request = Request::post("/relay/media").header("authorization", format!("Bearer {token}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    rig::exchange(rig.address, request.body(file.into()).unwrap()).await
}

async fn download(rig: &Rig, token: &str, id: &str) -> Response<String> {
    let request =
        Request::get(format!("/relay/media/{id}")).header("authorization", format!("Bearer {token}"));
    rig::exchange(rig.address, request.body(String::new().into()).unwrap()).await
}

#[track_caller]
fn kept(answer: &Response<String>) -> MediaResponse {
    assert_eq!(answer.status(), 200, "{}", answer.body());
    serde_json::from_str(answer.body()).unwrap()
}

#[tokio::test]
async fn a_file_comes_back_with_its_name_and_type_for_every_gateway_of_the_tenant() {
    let rig = start().await;
    let (one, two) = (token(&rig, "home", "one").await, token(&rig, "home", "two").await);
    let file = "ä".repeat(100_000);
    let headers = [("content-type", "text/plain; charset=utf-8"), ("x-media-filename", "../a b.txt")];
    let kept = kept(&upload(&rig, &one, &headers, file.clone().into_bytes()).await);
    assert_eq!(kept.size, 200_000);
    for token in [&one, &two] {
        let answer = download(&rig, token, &kept.id).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/plain");
        assert_eq!(answer.headers()["content-length"], "200000");
        assert_eq!(answer.headers()["content-disposition"], "attachment; filename*=UTF-8''a%20b.txt");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        assert_eq!(*answer.body(), file);
    }
}

#[tokio::test]
async fn a_file_is_not_there_for_another_tenant_or_for_nobody() {
    let rig = start().await;
    let (home, work) = (token(&rig, "home", "one").await, token(&rig, "work", "two").await);
    let kept = kept(&upload(&rig, &home, &[], b"secret".to_vec()).await);
    assert_eq!(refused(&download(&rig, &work, &kept.id).await), 404);
    for nobody in ["", "nobody", HOME] {
        assert_eq!(refused(&download(&rig, nobody, &kept.id).await), 401, "{nobody}");
        assert_eq!(refused(&upload(&rig, nobody, &[], b"x".to_vec()).await), 401, "{nobody}");
    }
    for id in ["", "..", "..%2f..%2fetc%2fpasswd", "0", &"0".repeat(32)] {
        assert_eq!(refused(&download(&rig, &home, id).await), 404, "{id}");
    }
}

#[tokio::test]
async fn a_file_of_25_mib_is_taken_and_one_byte_more_is_refused() {
    const LARGEST: usize = 25 * 1024 * 1024;
    let rig = start().await;
    let token = token(&rig, "home", "one").await;
    assert_eq!(kept(&upload(&rig, &token, &[], vec![b'x'; LARGEST]).await).size, LARGEST as u64);
    assert_eq!(refused(&upload(&rig, &token, &[("content-length", "26214401")], Vec::new()).await), 413);
}

#[tokio::test]
async fn a_file_without_a_length_is_refused_once_it_is_too_large() {
    let rig = start_with(limits(|limits| limits.with_media(10))).await;
    let token = token(&rig, "home", "one").await;
    let head = format!(
        "POST /relay/media HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    let answer = rig::raw(rig.address, &format!("{head}6\r\n123456\r\n6\r\n123456\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_tenant_that_has_filled_its_room_is_told_to_come_again_and_others_are_served() {
    let rig = start_with(limits(|limits| limits.with_media_per_tenant(10))).await;
    let (home, work) = (token(&rig, "home", "one").await, token(&rig, "work", "two").await);
    kept(&upload(&rig, &home, &[], vec![0; 10]).await);
    assert_eq!(refused(&upload(&rig, &home, &[], vec![0; 1]).await), 503);
    kept(&upload(&rig, &work, &[], vec![0; 10]).await);
}

#[tokio::test]
async fn files_lie_in_the_configured_folder_under_names_of_the_connectors_own() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("media");
    let rig = start_with(|builder| builder.media_folder(&folder)).await;
    let token = token(&rig, "home", "one").await;
    let kept = kept(&upload(&rig, &token, &[("x-media-filename", "evil.sh")], b"x".to_vec()).await);
    let names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [kept.id.as_str()]);
}
