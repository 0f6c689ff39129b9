# Net::SMPP as a client: PORT, and lines "to<TAB>text" on standard input. It prints a summary.
use strict; use warnings; use Net::SMPP;
my @messages = map { chomp; [split /\t/, $_, 2] } <STDIN>;
my %out = (accepted => 0, refused => 0, receipts => 0, strays => 0);
my ($smpp, $bound) = Net::SMPP->new_transceiver('127.0.0.1', port => $ENV{PORT}, system_id => 'perl', password => 'perl', async => 1)
	or die "no connection: $!";
my (%ids, @waiting, $sent);
my $count = sub { my $id = shift; if (delete $ids{$id}) { $out{receipts}++ } else { push @waiting, $id } };
$SIG{ALRM} = sub { die "timed out: " . join(' ', %out) }; alarm 25;
while ($out{receipts} + $out{refused} < @messages) {
	my $pdu = $smpp->read_pdu() or die 'the connection ended';
	if ($pdu->{cmd} == 0x80000009) {
		die "bind refused $pdu->{status}" if $pdu->{status};
		for my $m (@messages) {
			$smpp->submit_sm(source_addr_ton => 5, source_addr_npi => 0, source_addr => 'TIDINGS', dest_addr_ton => 1, dest_addr_npi => 1,
				destination_addr => $m->[0], registered_delivery => 1, short_message => $m->[1], async => 1);
		}
	} elsif ($pdu->{cmd} == 0x80000004) {
		if ($pdu->{status}) { $out{refused}++; next }
		$out{accepted}++; $ids{$pdu->{message_id}} = 1;
		my @w = splice @waiting; $count->($_) for @w;
	} elsif ($pdu->{cmd} == 0x00000005) {
		$smpp->deliver_sm_resp(seq => $pdu->{seq}, message_id => '', async => 1);
		if ($pdu->{esm_class} == 4 && $pdu->{short_message} =~ /^id:(\S+) .*stat:DELIVRD/) { $count->($1) } else { $out{strays}++ }
	} elsif ($pdu->{cmd} == 0x00000015) {
		$smpp->enquire_link_resp(seq => $pdu->{seq}, async => 1);
	}
}
$out{strays} += @waiting;
$smpp->unbind(async => 1);
print '{', join(',', map { "\"$_\":$out{$_}" } sort keys %out), "}\n";
