/* posting.irq for SPIN: one statement is one step. */
int pir, on, mode, notified, irr, in_guest;

inline sync() {
  if
  :: on != 0 ->
    on = 0;
    p = pir;
    if
    :: p != 0 ->
      atomic { p = pir; pir = 0 }
      irr = irr | p
    :: else
    fi
  :: else
  fi
}

active proctype vcpu_thread() {
  int p;
  sync();
  sync();
  mode = 1;
  sync();
  in_guest = 1
}

proctype post(int vector) {
  int p;
  atomic { p = pir; pir = pir | (1 << vector) }
  if
  :: ((p >> vector) & 1) != 0
  :: else ->
    atomic { p = on; on = 1 }
    if
    :: p != 0
    :: else ->
      if
      :: mode == 1 -> notified = 1
      :: else
      fi
    fi
  fi
}

active proctype processor() {
end:
  do
  :: atomic { notified != 0 && in_guest != 0 -> notified = 0; on = 0; irr = irr | pir; pir = 0 }
  od
}

init {
  atomic { run post(0); run post(1); run post(2); run post(3) }
}
