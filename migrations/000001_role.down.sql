drop function wall;
revoke usage on schema public from tidings_app, tidings_platform;
