alter table campaigns drop column saved_window, drop column saved_turn;
